"""Replay or drop a selection of dead letters, for `counterpoint dead-letters replay` and `drop`.

A dead letter is marked as handled after its record is on its topic, so a run that is cut short sends at most one record
twice; and what is sent twice changes nothing further down, since every id there is derived from what it names.
"""

from collections import Counter
from collections.abc import Callable, Iterator
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
from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.operations.dead_letter import DeadLetter, DeadLetterId, decode_for_replay
from plugin.operations.dead_letter_topic import read_dead_letters
from plugin.operations.handled import HandledOutcome, handled_positions, mark_handled, position_of
from plugin.operations.replay_guard import has_consent, is_erased_or_withdrawn
from stream.contracts.errors import Poison, Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import EncodedRecord, RawRecord
from stream.runtime.command_clients import producer
from stream.runtime.dead_letters import dead_letter
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, send_and_wait
from stream.runtime.settings import KafkaSettings


class OnFailure(StrEnum):
    """The action for a record that still cannot be used."""

    STOP = "stop"
    REINSERT = "reinsert"
    DROP = "drop"


@dataclass(frozen=True)
class Selection:
    """The dead letters that a run takes; empty sets take all. `limit` bounds their number."""

    limit: int
    ids: AbstractSet[DeadLetterId] = frozenset()
    reasons: AbstractSet[str] = frozenset()
    stages: AbstractSet[str] = frozenset()

    def matches(self, letter: DeadLetter) -> bool:
        """Return whether a dead letter is selected."""
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.stages or letter.stage in self.stages)
        )


@dataclass
class RedriveReport:
    """The result of a run, or with `dry_run` the result that it would have had."""

    run_id: UUID
    dry_run: bool
    outcomes: Counter[HandledOutcome] = field(default_factory=Counter)
    stopped_at: DeadLetter | None = None
    stop_reason: str = ""
    """Reason and place of what stopped it."""
    limit_reached: bool = False
    """Whether the limit ended it with more letters waiting."""

    def counts(self) -> dict[str, int]:
        """The number of dead letters by outcome."""
        return {outcome.value: count for outcome, count in sorted(self.outcomes.items())}

    def sentence(self) -> str:
        """The result as a sentence for the person who started the run."""
        said = ", ".join(f"{name} {count}" for name, count in self.counts().items()) or "no dead letter was meant"
        parts = [f"{'Nothing was changed; it would be: ' if self.dry_run else ''}{said}."]
        if self.stopped_at is not None:
            parts.append(
                f"Stopped at {self.stopped_at.id}: it cannot be used still ({self.stop_reason}). --policy reinsert or"
                " drop goes on past it."
            )
        if self.limit_reached:
            parts.append("More wait: the limit was reached.")
        return " ".join(parts)


OnHandled = Callable[[DeadLetter, HandledOutcome], None]
"""Called after each dead letter with its outcome."""


@dataclass(frozen=True)
class Redrive:
    """Replays and drops dead letters. `now` is the time of day in UTC."""

    kafka: KafkaSettings
    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey = field(repr=False)
    now: Callable[[], datetime]

    def replay(self, selection: Selection, policy: OnFailure, *, dry_run: bool, on_handled: OnHandled) -> RedriveReport:
        """Send records back to their topics.

        Raises:
            Unavailable: broker or database are away; what was done until then is marked as handled.
            Misconfigured: the key encryption key is another one than the database's, so erasures could not be seen.
        """
        report = RedriveReport(uuid4(), dry_run)
        with ExitStack() as stack:
            self._check_key()
            sender = None if dry_run else _Sender(stack.enter_context(producer(self.kafka)))
            stack.callback(self._add_audit_entry, report, f"replay dead letters ({policy})")
            for letter in self._select(selection, report):
                outcome, error = self._decide(letter, policy)
                if outcome is HandledOutcome.REFUSED:
                    report.stopped_at, report.stop_reason = letter, str(error)
                elif sender is not None:
                    self._apply(letter, outcome, error, sender, report)
                report.outcomes[outcome] += 1
                on_handled(letter, outcome)
                if report.stopped_at is not None:
                    break
        return report

    def drop(self, selection: Selection, *, dry_run: bool, on_handled: OnHandled) -> RedriveReport:
        """Drop dead letters: they are neither listed nor replayed any more.

        Raises:
            Unavailable: broker or database are away; what was done until then is marked as handled.
        """
        report = RedriveReport(uuid4(), dry_run)
        with ExitStack() as stack:
            stack.callback(self._add_audit_entry, report, "drop dead letters")
            for letter in self._select(selection, report):
                if not dry_run:
                    with transaction(self.engine) as session:
                        mark_handled(session, letter, HandledOutcome.DROPPED, report.run_id, self.now())
                report.outcomes[HandledOutcome.DROPPED] += 1
                on_handled(letter, HandledOutcome.DROPPED)
        return report

    def _select(self, selection: Selection, report: RedriveReport) -> Iterator[DeadLetter]:
        handled = handled_positions(self.engine)
        letters = read_dead_letters(self.kafka)
        selected = (each for each in letters if position_of(each) not in handled and selection.matches(each))
        for number, letter in enumerate(selected):
            if number == selection.limit:
                report.limit_reached = True
                return
            yield letter

    def _decide(self, letter: DeadLetter, policy: OnFailure) -> tuple[HandledOutcome, Poison | None]:
        """Return the outcome that a dead letter is to have, and what is wrong with its record; changes nothing."""
        if letter.reason == DeadLetterReason.NO_CONSENT:
            return HandledOutcome.WITHOUT_CONSENT, None
        if not letter.value and letter.reason != DeadLetterReason.TOMBSTONE:
            return HandledOutcome.WITHOUT_BODY, None
        try:
            data = decode_for_replay(letter.record(self.kafka.partitions), self.kafka.partitions).data
        except Poison as error:
            return _OUTCOME_ON_FAILURE[policy], error
        if not has_consent(data):
            return HandledOutcome.WITHOUT_CONSENT, None
        with transaction(self.engine) as session:
            removed = is_erased_or_withdrawn(session, self.kek, letter, data)
        return (HandledOutcome.FORGOTTEN if removed else HandledOutcome.REPLAYED), None

    def _apply(
        self,
        letter: DeadLetter,
        outcome: HandledOutcome,
        error: Poison | None,
        sender: "_Sender",
        report: RedriveReport,
    ) -> None:
        raw = letter.record(self.kafka.partitions)
        if outcome is HandledOutcome.REPLAYED:
            sender.send_record(raw)
        elif outcome is HandledOutcome.REINSERTED and error is not None:
            sender.send_dead_letter(letter, raw, error)
        with transaction(self.engine) as session:
            mark_handled(session, letter, outcome, report.run_id, self.now())

    def _check_key(self) -> None:
        with transaction(self.engine) as session:
            check_key_encryption_key(session, self.kek)

    def _add_audit_entry(self, report: RedriveReport, purpose: str) -> None:
        """Add one audit entry per run, also for an interrupted one; none for a dry run or an empty one."""
        if report.dry_run or not report.outcomes:
            return
        with transaction(self.engine) as session:
            add_audit_entry(
                session,
                None,
                purpose=purpose,
                object_type="dead_letters",
                object_id=report.run_id,
                outcome=", ".join(f"{name} {count}" for name, count in report.counts().items()),
                request_id=str(report.run_id),
            )


_OUTCOME_ON_FAILURE = {
    OnFailure.STOP: HandledOutcome.REFUSED,
    OnFailure.REINSERT: HandledOutcome.REINSERTED,
    OnFailure.DROP: HandledOutcome.DROPPED,
}


@dataclass(frozen=True)
class _Sender:
    producer: Any

    def send_record(self, raw: RawRecord) -> None:
        """Return once the broker has the record on its topic."""
        self._send(raw.topic, raw, raw.partition)

    def send_dead_letter(self, letter: DeadLetter, raw: RawRecord, error: Poison) -> None:
        """Return once the broker has a new dead letter of the same record, whose story says what is wrong now."""
        partition, offset = (int(part) if part.isdigit() else 0 for part in (letter.partition, letter.offset))
        new = dead_letter(replace(raw, partition=partition, offset=offset), error, stage=letter.stage)
        self._send(DEAD_LETTERS, new, letter.id.partition)

    def _send(self, topic: str, record: RawRecord | EncodedRecord, partition: int) -> None:
        try:
            send_and_wait(self.producer, topic, record, partition, timeouts=COMMAND_TIMEOUTS)
        except KafkaError:
            raise Unavailable("the broker") from None
