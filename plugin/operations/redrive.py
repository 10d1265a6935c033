"""`counterpoint dead-letters replay` and `drop`: one run over some letters, each looked at, each remembered.

A letter is remembered after its record is on its topic, so a run that is cut short sends at most one record twice; and
what is sent twice changes nothing further down, for every id there is made of what it names.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from kafka.errors import KafkaError
from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import note
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key
from plugin.operations.broker import ACKNOWLEDGED_WITHIN_S, producer
from plugin.operations.dead_letter import Letter, LetterId, read_again
from plugin.operations.dead_letter_topic import letters
from plugin.operations.handled import Handled, Outcome, place_of, remember
from plugin.operations.replay_guard import has_consent, is_forgotten
from stream.contracts.errors import Poison, Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import dead_letter
from stream.runtime.settings import Kafka


class OnFailure(StrEnum):
    """What to do with a record that still cannot be used."""

    STOP = "stop"
    REINSERT = "reinsert"
    DROP = "drop"


@dataclass(frozen=True)
class Selection:
    """Which letters a run takes; empty sets take all. `limit` bounds how many are looked at."""

    limit: int
    ids: AbstractSet[LetterId] = frozenset()
    reasons: AbstractSet[str] = frozenset()
    stages: AbstractSet[str] = frozenset()

    def takes(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.stages or letter.stage in self.stages)
        )


@dataclass
class Report:
    """What a run did, or with `dry_run` what it would have done."""

    run_id: UUID
    dry_run: bool
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    stopped_at: Letter | None = None
    why: str = ""
    """Reason and place of what stopped it."""
    left: bool = False
    """Whether the limit ended it with more letters waiting."""

    def counts(self) -> dict[str, int]:
        """Numbers by outcome."""
        return {outcome.value: count for outcome, count in sorted(self.outcomes.items())}

    def sentence(self) -> str:
        """For the person who started the run."""
        said = ", ".join(f"{name} {count}" for name, count in self.counts().items()) or "no dead letter was meant"
        parts = [f"{'Nothing was changed; it would be: ' if self.dry_run else ''}{said}."]
        if self.stopped_at is not None:
            parts.append(
                f"Stopped at {self.stopped_at.id}: it cannot be used still ({self.why}). --policy reinsert or drop"
                " goes on past it."
            )
        if self.left:
            parts.append("More wait: the limit was reached.")
        return " ".join(parts)


Said = Callable[[Letter, Outcome], None]
"""Told of each letter, for progress."""


@dataclass(frozen=True)
class Runs:
    """Everything a run needs. `now` is the time of day in UTC."""

    kafka: Kafka
    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey = field(repr=False)
    now: Callable[[], datetime]

    def replay(self, selection: Selection, policy: OnFailure, *, dry_run: bool, say: Said) -> Report:
        """Send records back to their topics.

        Raises:
            Unavailable: broker or database are away; what was done until then is remembered.
            Misconfigured: the key encryption key is another one than the database's, so erasures could not be seen.
        """
        report = Report(uuid4(), dry_run)
        with ExitStack() as stack:
            self._check_key()
            send = None if dry_run else _Sender(stack.enter_context(producer(self.kafka)))
            stack.callback(self._note, report, f"replay dead letters ({policy})")
            for letter in self._selected(selection, report):
                outcome, why = self._look(letter, policy)
                if outcome is Outcome.REFUSED:
                    report.stopped_at, report.why = letter, str(why)
                elif send is not None:
                    self._act(letter, outcome, why, send, report)
                report.outcomes[outcome] += 1
                say(letter, outcome)
                if report.stopped_at is not None:
                    break
        return report

    def drop(self, selection: Selection, *, dry_run: bool, say: Said) -> Report:
        """Put letters away for good: they are neither listed nor replayed any more.

        Raises:
            Unavailable: broker or database are away; what was done until then is remembered.
        """
        report = Report(uuid4(), dry_run)
        with ExitStack() as stack:
            stack.callback(self._note, report, "drop dead letters")
            for letter in self._selected(selection, report):
                if not dry_run:
                    with transaction(self.engine) as session:
                        remember(session, letter, Outcome.DROPPED, report.run_id, self.now())
                report.outcomes[Outcome.DROPPED] += 1
                say(letter, Outcome.DROPPED)
        return report

    def _selected(self, selection: Selection, report: Report) -> Iterator[Letter]:
        done = Handled(self.engine).places()
        wanted = (each for each in letters(self.kafka) if place_of(each) not in done and selection.takes(each))
        for number, letter in enumerate(wanted):
            if number == selection.limit:
                report.left = True
                return
            yield letter

    def _look(self, letter: Letter, policy: OnFailure) -> tuple[Outcome, Poison | None]:
        """What is to become of a letter; changes nothing."""
        if letter.reason == DeadLetterReason.NO_CONSENT:
            return Outcome.WITHOUT_CONSENT, None
        if not letter.value and letter.reason != DeadLetterReason.TOMBSTONE:
            return Outcome.WITHOUT_BODY, None
        try:
            data = read_again(letter.record(self.kafka.partitions), self.kafka.partitions).data
        except Poison as why:
            return _ON_FAILURE[policy], why
        if not has_consent(data):
            return Outcome.WITHOUT_CONSENT, None
        with transaction(self.engine) as session:
            forgotten = is_forgotten(session, self.kek, letter, data)
        return (Outcome.FORGOTTEN if forgotten else Outcome.REPLAYED), None

    def _act(self, letter: Letter, outcome: Outcome, why: Poison | None, send: "_Sender", report: Report) -> None:
        raw = letter.record(self.kafka.partitions)
        if outcome is Outcome.REPLAYED:
            send.record(raw)
        elif outcome is Outcome.REINSERTED and why is not None:
            send.letter(letter, raw, why)
        with transaction(self.engine) as session:
            remember(session, letter, outcome, report.run_id, self.now())

    def _check_key(self) -> None:
        with transaction(self.engine) as session:
            check_key(session, self.kek)

    def _note(self, report: Report, purpose: str) -> None:
        """One entry a run, also for one that was cut short; none for a dry run or where there was nothing to do."""
        if report.dry_run or not report.outcomes:
            return
        with transaction(self.engine) as session:
            note(
                session,
                None,
                purpose=purpose,
                object_type="dead_letters",
                object_id=report.run_id,
                outcome=", ".join(f"{name} {count}" for name, count in report.counts().items()),
                request_id=str(report.run_id),
                now=self.now(),
            )


_ON_FAILURE = {
    OnFailure.STOP: Outcome.REFUSED,
    OnFailure.REINSERT: Outcome.REINSERTED,
    OnFailure.DROP: Outcome.DROPPED,
}


@dataclass(frozen=True)
class _Sender:
    producer: Any

    def record(self, raw: RawRecord) -> None:
        """Return once the broker has the record on its topic."""
        self._send(raw.topic, raw.key, raw.value, list(raw.headers), raw.partition)

    def letter(self, letter: Letter, raw: RawRecord, why: Poison) -> None:
        """Return once the broker has a new dead letter of the same record, told with what is wrong now."""
        place = [int(part) if part.isdigit() else 0 for part in (letter.partition, letter.offset)]
        again = dead_letter(replace(raw, partition=place[0], offset=place[1]), why, stage=letter.stage)
        self._send(DEAD_LETTERS, again.key, again.value, again.headers, letter.id.partition)

    def _send(self, topic: str, key: bytes | None, value: bytes | None, headers: Iterable[Any], partition: int) -> None:
        try:
            sent = self.producer.send(topic, value=value, key=key, headers=list(headers), partition=partition)
            sent.get(timeout=ACKNOWLEDGED_WITHIN_S)
        except (KafkaError, TimeoutError, ValueError):  # ValueError: no such partition in the metadata
            raise Unavailable("the broker") from None
