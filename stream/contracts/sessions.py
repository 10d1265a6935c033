"""`counterpoint.sessions.v1`: one record per session revision, written when a session closes, reopens or is erased."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from stream.contracts.base import Contract, ConversationRecord, Language, MessageId, Name, Pseudonym, Text, Utc
from stream.contracts.ids import session_event_id
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import (
    Concern,
    EndReason,
    LeftOut,
    MarkKind,
    NeedsHuman,
    OperatingPoint,
    ResistanceType,
    Role,
    SessionState,
)


class SessionMessage(Contract):
    """A message that an exchange, a mark or the sample needs, with the text that it had at the close."""

    message_id: MessageId
    revision: int = Field(ge=0)
    role: Role
    author: Pseudonym
    text: Text
    sent_at: Utc


class Cue(Contract):
    """Words on which the detector's flag rests: a span in Unicode code points of a message's text, and its weight."""

    message_id: MessageId
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    weight: float


class Exchange(Contract):
    """A flagged client turn, with up to ten messages before it and the turn that replies to it."""

    exchange_id: UUID
    context: tuple[MessageId, ...]
    client_turn: tuple[MessageId, ...] = Field(min_length=1)
    reply: tuple[MessageId, ...] = Field(min_length=1)
    counsellor: Pseudonym | None = None
    """The author of the reply; None when several people or a system wrote it."""
    score: float = Field(ge=0, le=1)
    cues: tuple[Cue, ...] = ()
    needs_human: NeedsHuman | None = None
    """Set when no model may rate the exchange: critical content, or a reply that is not one counsellor's."""

    @property
    def message_ids(self) -> tuple[MessageId, ...]:
        """The ids of the messages of the context, the client turn and the reply."""
        return (*self.context, *self.client_turn, *self.reply)


class ModelVersion(Contract):
    """The version of everything that decides a model's answer. Versions with the same `key` count as the same model."""

    name: str
    """The name that people read, e.g. "CPU baseline" or "Llama-3.1-8B-Instruct, prompted"."""
    adapter: str
    weights: str
    prompt: str
    rubric: str
    schema_version: str
    validated: bool = False
    """Whether agreement with clinicians has been measured; without it, "unvalidated" is shown beside every level."""
    is_baseline: bool = False

    @property
    def key(self) -> str:
        """The versions joined, as they are used in an assessment's id."""
        return f"{self.adapter}|{self.weights}|{self.prompt}|{self.rubric}|{self.schema_version}"


class Mark(Contract):
    """A note for the supervisor about messages of a session."""

    kind: MarkKind
    concerns: tuple[Concern, ...] = ()
    message_ids: tuple[MessageId, ...] = Field(min_length=1)
    context: tuple[MessageId, ...] = ()
    """The messages before a flagged turn without a reply, for the feedback model; none in a feedback record."""
    resistance_type: ResistanceType | None = None
    """The type with which the feedback model confirmed an unanswered moment."""
    model: ModelVersion | None = None
    """The model that confirmed it; None in records of an earlier version."""
    needs_human: NeedsHuman | None = None
    """Set in a feedback record when a turn without a reply has no verdict. None beside no type: an earlier version."""

    @property
    def awaits_verdict(self) -> bool:
        """Whether the mark is a flagged turn without a reply that no model has read."""
        return self.kind is MarkKind.UNANSWERED_MOMENT and self.resistance_type is None and self.needs_human is None


def referenced_ids(exchanges: Iterable[Exchange], marks: Iterable[Mark]) -> set[str]:
    """Return the ids of the messages that exchanges and marks need."""
    by_exchanges = {message_id for exchange in exchanges for message_id in exchange.message_ids}
    return by_exchanges | {message_id for mark in marks for message_id in (*mark.context, *mark.message_ids)}


class Counts(Contract):
    """The number of messages and turns in the session, and of the exchanges and messages that the record leaves out."""

    messages: int = Field(default=0, ge=0)
    client_messages: int = Field(default=0, ge=0)
    counsellor_messages: int = Field(default=0, ge=0)
    client_turns: int = Field(default=0, ge=0)
    flagged_turns: int = Field(default=0, ge=0)
    unanswered_moments: int = Field(default=0, ge=0)
    """Flagged turns without a reply, whatever the feedback model says of them."""
    unanswered_not_confirmed: int = Field(default=0, ge=0)
    """Those of them that the feedback model rejected; they have no mark."""
    flagged_not_shown: int = Field(default=0, ge=0)
    """Flagged exchanges that are not in the record: those of a session left out, and once those over a limit."""
    exchanges_dropped_for_size: int = Field(default=0, ge=0)
    context_dropped_for_size: int = Field(default=0, ge=0)


class DetectorVersion(Contract):
    """The detector that scored a session, with its version and its operating point."""

    name: str
    version: str
    operating_point: OperatingPoint


class KnownName(Contract):
    """A name or handle given by the platform, for the de-identifier; it never travels past the feedback worker."""

    role: Role
    name: Name


class SessionOutline(ConversationRecord):
    """The fields that session and feedback records share: everything but the names."""

    session_id: UUID
    revision: int = Field(ge=1)
    state: SessionState
    started_at: Utc
    ended_at: Utc
    """`sent_at` of the last message, or the platform's explicit end if that is later."""
    closed_at: Utc
    """The broker time of the close."""
    first_appended_at: Utc | None = None
    """The broker's append time of the first message to arrive; None in records of an earlier version."""
    last_appended_at: Utc | None = None
    """The broker's append time of the last message to arrive; None in records of an earlier version."""
    end_reason: EndReason
    left_out: LeftOut | None = None
    """The reason why there is no feedback; None for an eligible session."""
    language: Language | None = None
    """The language that was declared last, or that of the texts where none was or they clearly contradict it."""
    consent: Consent = Consent()
    counts: Counts = Counts()
    counsellors: tuple[Pseudonym, ...] = ()
    """Every counsellor who wrote in the session: they decide which team sees it."""
    clients: tuple[Pseudonym, ...] = ()
    """Every client who wrote in the session, so that an erasure finds all sessions of a client."""
    messages: tuple[SessionMessage, ...] = ()
    sampled_turns: tuple[tuple[MessageId, ...], ...] = ()
    """The message ids of every client turn, if the session is in the random sample; then `messages` holds them all."""
    exchanges: tuple[Exchange, ...] = ()
    marks: tuple[Mark, ...] = ()
    detector: DetectorVersion | None = None
    names_told: bool = False
    """Whether the platform has told names of people in the conversation, so that they were replaced for the model."""

    @property
    def began_at(self) -> datetime:
        """The append time from which an erasure or a withdrawal is about this session; in doubt an early one."""
        return self.first_appended_at or min(self.started_at, self.closed_at)

    @property
    def last_heard_at(self) -> datetime:
        """The append time from which the session's retention runs."""
        return self.last_appended_at or self.closed_at

    @property
    def event_id(self) -> UUID:
        """The id of the event that carries this revision of the session in this state."""
        return session_event_id(self.session_id, self.revision, self.state)


class SessionRecord(SessionOutline):
    """A session revision for the feedback worker, with known names.

    The topic also carries `Erasure`, and where the stream keeps no text of the session `ConsentWithdrawal`, `Deletion`
    and `Edit`.
    """

    event_type: ClassVar[str] = "counterpoint.session.v1"

    known_names: tuple[KnownName, ...] = Field(default=())
