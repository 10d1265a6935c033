"""The JSON of an opened session, with its text, as a supervisor reads it; most parts are a therapist's too."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from plugin.api.codes import LevelName, StatementName
from plugin.api.list_models import Part, SessionLine
from plugin.queue.criterion_views import CriterionAbout, CriterionScale
from plugin.queue.dispute_views import DisputeState, Ground, StepKind
from plugin.queue.handover_views import HandoverKind
from plugin.queue.review_views import Judgement, WithholdReason
from plugin.queue.views import AfterwardsKind
from stream.contracts.feedback import Alternative, Evidence, ModelVersion
from stream.contracts.measures import Absent
from stream.contracts.sessions import Cue, DetectorVersion, Mark
from stream.contracts.vocabulary import Mechanism, NeedsHuman, ResistanceType, Role, Verdict


class Message(Part):
    """A message; `author` is a display name, and empty for client and system."""

    message_id: str
    role: Role
    author: str
    sent_at: datetime
    text: str = Field(repr=False)


class Rating(Part):
    """The level of one mechanism with its reason and the quoted words, or why there is none."""

    mechanism: Mechanism
    level: LevelName | None
    reason: str = Field(repr=False)
    evidence: tuple[Evidence, ...] = Field(repr=False)
    needs_human: NeedsHuman | None


class Answer(Part):
    """What the feedback model says of a moment; with `needs_human` it says nothing, for that reason."""

    assessment_id: UUID
    model: ModelVersion
    needs_human: NeedsHuman | None = Field(default=None, validation_alias="reason")
    verdict: Verdict | None = None
    resistance_type: ResistanceType | None = None
    confidence: float | None = None
    possible_injection: bool = False
    ratings: tuple[Rating, ...] = ()
    strengths: tuple[str, ...] = Field(default=(), repr=False)
    alternatives: tuple[Alternative, ...] = Field(default=(), repr=False)


class Opinion(Part):
    """What a supervisor says of a statement: a withheld one has a reason, a corrected one her own level."""

    judgement: Judgement
    reason: WithholdReason | None
    level: LevelName | None


class Label(Part):
    """The latest thing that a supervisor said of a statement."""

    opinion: Opinion
    by: str
    at: datetime


class Afterwards(Part):
    """What the client did after the reply, with the message ids of the next client turns; an observation, no cause."""

    kind: AfterwardsKind
    turns: tuple[tuple[str, ...], ...]


class Moment(Part):
    """A moment: its messages by id, what the model says, and what supervisors say of each of its statements."""

    exchange_id: UUID
    context: tuple[str, ...]
    client_turn: tuple[str, ...]
    reply: tuple[str, ...]
    counsellor: str | None
    score: float
    cues: tuple[Cue, ...]
    answer: Answer
    labels: Mapping[StatementName, Label]
    afterwards: Afterwards


class NoteComment(Part):
    """A comment under a coaching note, by one of those who read the note."""

    comment_id: UUID
    by: str
    is_own: bool
    at: datetime
    text: str = Field(repr=False)


class ReadNote(Part):
    """A coaching note about the session, or about the moment `exchange_id`, with what was said under it."""

    note_id: UUID
    exchange_id: UUID | None
    by: str
    is_own: bool
    shared: bool
    at: datetime
    text: str = Field(repr=False)
    comments: tuple[NoteComment, ...]


class Note(ReadNote):
    """A coaching note as a supervisor reads it; the follow-up is of her own notes alone."""

    follow_up_on: date | None
    followed_up_at: datetime | None


class Handover(Part):
    """A hand-over of the session with its reason; the number of the last one is the `seen` of the next one."""

    number: int
    kind: HandoverKind
    by: str
    to: str | None = Field(description="With whom the session was from then on; null for the queue.")
    at: datetime
    text: str = Field(repr=False)


class SessionColleague(Part):
    """Somebody to whom the session can be handed over."""

    account_id: UUID
    name: str
    is_lead: bool


class Criterion(Part):
    """One version of a criterion of the service's own; people alone answer it, and no model does."""

    criterion_id: UUID
    name: str
    about: CriterionAbout = Field(description="Whether it is asked of each moment or once about the session.")
    version: int
    question: str
    scale: CriterionScale
    choices: Mapping[str, str] = Field(description="What may be said to it, by its code, in words.")
    shared: bool = Field(description="Whether a therapist reads the answers to this version after a release.")


class CriterionAnswer(Part):
    """The answer that stands to a criterion about the session, or about the moment `exchange_id`."""

    criterion: Criterion
    exchange_id: UUID | None
    said: str = Field(description="A code of the choices of its version.")
    by: str
    is_own: bool
    at: datetime
    revision: int = Field(description="The revision of the session that was read.")
    note: str = Field(repr=False)


class DisputeStep(Part):
    """A step of a dispute."""

    kind: StepKind
    by: str
    at: datetime
    opinion: Opinion | None
    text: str = Field(repr=False)


class Dispute(Part):
    """A therapist's dispute of one statement; the number of its steps is the `seen` of the next one."""

    dispute_id: UUID
    exchange_id: UUID
    assessment_id: UUID
    statement: StatementName
    ground: Ground
    by: str
    at: datetime
    text: str = Field(repr=False)
    state: DisputeState
    is_escalated: bool
    escalate_until: datetime | None
    steps: tuple[DisputeStep, ...]
    supervisors: tuple[str, ...] = Field(description="Who should resolve it: supervisors, or the lead.")


class MeasureFinding(Part):
    """A number, labels, or the reason why there is neither, of one turn or of the session as a whole."""

    quantity: str
    turn: int | None = Field(description="The number of the turn among the turns, from 1; null for the session.")
    number: float | None
    labels: tuple[str, ...]
    absent: Absent | None


class TakenMeasure(Part):
    """What one measure says of a session, of what people may be shown."""

    name: str
    version: str
    validated: bool = Field(description="Whether its agreement with clinicians has been measured; say it if not.")
    findings: tuple[MeasureFinding, ...]


class MeasuredTurn(Part):
    """A maximal run of messages of one side, with the ids of all of them."""

    role: Role
    message_ids: tuple[str, ...]


class Measures(Part):
    """What measures say of a session; no grade of anybody, and not for comparing people."""

    absent: Absent | None = Field(description="The reason why nothing is said of the whole session.")
    turns: tuple[MeasuredTurn, ...]
    measures: tuple[TakenMeasure, ...]


class OpenedSession(Part):
    """An opened session: every stored message once, and the moments that refer to them."""

    row: SessionLine
    language: str | None
    closed_at: datetime
    messages: tuple[Message, ...]
    moments: tuple[Moment, ...]
    further: tuple[Moment, ...] = Field(description="Confirmed moments that the page shows on demand.")
    not_confirmed: int
    marks: tuple[Mark, ...]
    detector: DetectorVersion | None
    notes: tuple[Note, ...]
    criteria: tuple[Criterion, ...] = Field(description="What is asked now, in its order.")
    criterion_answers: tuple[CriterionAnswer, ...]
    disputes: tuple[Dispute, ...]
    handovers: tuple[Handover, ...] = Field(description="In order; those alone read them who may review the session.")
    colleagues: tuple[SessionColleague, ...] = Field(
        description="To whom it can be handed over; empty once it is decided."
    )
    measures: Measures | None = Field(description="Null where the session was not measured.")
