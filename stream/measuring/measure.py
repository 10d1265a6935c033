"""The measuring of transcripts: each gets one record with findings, or with the reason why nothing is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from stream.contracts.measures import Absent, MeasuredTurn, MeasureFinding, MeasuresRecord, TakenMeasure
from stream.contracts.transcripts import Transcript, TranscriptMessage
from stream.contracts.vocabulary import Role
from stream.detection.lexicons import find_concerns
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.models.base import Clock, Deadline
from stream.feedback.models.patience import Availability, ask_until_answered
from stream.feedback.models.reader import MAX_PAIRS, Opinion, Pair, Reader
from stream.measures.base import Measure, take
from stream.measures.hearing import Heard, hear, pairs_to_read
from stream.measures.registry import MEASURES
from stream.measures.turns import FinishedSession, SaidMessage, finished_session
from stream.runtime.metrics import MEASURED_SESSIONS, READER_SECONDS
from stream.runtime.settings import WithoutNames

MAX_TURNS = 2_000
"""Turns of a session that is measured: its findings then fit into one record, and a day of chat is a quarter of it."""


@dataclass(frozen=True)
class Measurer:
    """Measures sessions with one reader. `deadline_s` bounds each request, in seconds."""

    reader: Reader
    availability: Availability
    deadline_s: float
    clock: Clock
    without_names: WithoutNames = "assess"
    """What happens to sessions whose names nobody told; with `abstain` no model reads them."""
    measures: Sequence[Measure] = MEASURES

    async def measure(self, transcript: Transcript) -> MeasuresRecord:
        """Return what the measures say of a session revision; waits while the reader is away.

        Raises:
            Misconfigured: the reader is there, but is not the one of this version.
        """
        record = MeasuresRecord(**transcript.model_dump(include=_KEPT), reader=self.reader.fingerprint)
        said = self._why_unread(transcript) or await self._say(transcript)
        if isinstance(said, Absent):
            MEASURED_SESSIONS.labels(outcome=said.value).inc()
            return record.model_copy(update={"absent": said})
        MEASURED_SESSIONS.labels(outcome="measured").inc()
        turns, measures = said
        return record.model_copy(update={"turns": turns, "measures": measures})

    def _why_unread(self, transcript: Transcript) -> Absent | None:
        """Return the reason why no model reads a session."""
        if transcript.too_large:
            return Absent.TOO_LONG
        if self.without_names == "abstain" and not transcript.names_told:
            return Absent.NAMES_NOT_TOLD
        return None

    async def _say(self, transcript: Transcript) -> tuple[tuple[MeasuredTurn, ...], tuple[TakenMeasure, ...]] | Absent:
        shown = shown_session(transcript)
        if len(shown.turns) > MAX_TURNS:
            return Absent.TOO_LONG
        opinions = await self._read_all(pairs_to_read(shown))
        if opinions is None:
            return Absent.READER_FAILED
        heard = hear(shown, opinions, self.reader.answers, critical=critical_places(transcript))
        turns = tuple(MeasuredTurn(role=turn.role, message_ids=turn.message_ids) for turn in shown.turns)
        return turns, tuple(_taken(measure, shown, heard) for measure in self.measures)

    async def _read_all(self, pairs: Sequence[Pair]) -> list[Opinion] | None:
        """Return the reader's opinions in order; None where it fails on this session."""
        opinions: list[Opinion] = []
        for start in range(0, len(pairs), MAX_PAIRS):
            read = await ask_until_answered(self.availability, partial(self._read, pairs[start : start + MAX_PAIRS]))
            if read is None:
                return None
            opinions += read
        return opinions

    async def _read(self, pairs: Sequence[Pair]) -> Sequence[Opinion]:
        deadline = Deadline.after(self.deadline_s, self.clock)
        with READER_SECONDS.time():
            return await self.reader.read(pairs, deadline)


_KEPT = {
    *("tenant", "conversation_id", "session_id", "revision", "first_appended_at", "last_appended_at"),
    *("clients", "counsellors"),
}


def shown_session(transcript: Transcript) -> FinishedSession:
    """Return a session as the reader and the measures see it: names are replaced as for the feedback model."""
    deidentifier = Deidentifier(transcript.known_names, (message.text for message in transcript.messages))
    said = [_said(message, deidentifier.apply(message.text).text) for message in transcript.messages]
    return finished_session(said, transcript.language)


def critical_places(transcript: Transcript) -> frozenset[int]:
    """Return the places of client turns in whose original words the lexicon finds a concern.

    A name that was replaced may have been one of them: what is told names is the platform's to say.
    """
    original = finished_session(_said(message, message.text) for message in transcript.messages)
    return frozenset(
        place for place, turn in enumerate(original.turns) if turn.role is Role.CLIENT and find_concerns(turn.text)
    )


def _said(message: TranscriptMessage, text: str) -> SaidMessage:
    return SaidMessage(message.role, text, message.sent_at.timestamp(), message.message_id)


def _taken(measure: Measure, session: FinishedSession, heard: Heard) -> TakenMeasure:
    card = measure.card
    shown = tuple(quantity.name for quantity in card.quantities if quantity.shown)
    findings = tuple(
        MeasureFinding(quantity=one.quantity, turn=one.turn, number=one.number, labels=one.labels, absent=one.absent)
        for one in take(measure, session, heard)
    )
    return TakenMeasure(name=card.name, version=card.version, validated=card.validated, shown=shown, findings=findings)
