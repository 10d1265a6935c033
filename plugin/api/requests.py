"""The JSON that requests carry."""

from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from plugin.api.codes import AskedStatement, Day, LevelName
from plugin.api.list_models import MAX_PAGE, AskedFilter
from plugin.privacy.anchors import MAX_NUMBER, Anchor
from plugin.queue.criterion_views import CANNOT_SAY, CODES, MAX_ANSWER_NOTE, UNDONE
from plugin.queue.criterion_views import Said as CriterionSaid
from plugin.queue.dispute_views import Ground
from plugin.queue.disputes import MAX_COMMENT
from plugin.queue.filters import QueueList, check_filter
from plugin.queue.handover_views import MAX_REASON
from plugin.queue.note_threads import MAX_NOTE_COMMENT
from plugin.queue.notes import MAX_NOTE
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.risk_signals import RiskAction
from plugin.queue.rubric_notes import MAX_RUBRIC_NOTE
from plugin.queue.statements import Statement
from plugin.queue.view_names import MAX_VIEW_NAME, checked_view_name
from stream.contracts.base import Utc
from stream.contracts.vocabulary import Mechanism

NoteWords = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NOTE)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_COMMENT)]
NoteCommentWords = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NOTE_COMMENT)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON)]
AnswerNote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_ANSWER_NOTE)]
_SAID: Final = "|".join((*(code for codes in CODES.values() for code in codes), CANNOT_SAY, UNDONE))
Revision = Annotated[int, Field(ge=1, strict=True, description="The revision of the session that was read.")]
Seen = Annotated[
    int, Field(ge=0, le=100, strict=True, description="The number of steps of the dispute that were read.")
]


SeenHandovers = Annotated[
    int, Field(ge=0, le=1_000_000, strict=True, description="The number of the last hand-over that was read, or 0.")
]


def _view_name(name: str) -> str:
    if (checked := checked_view_name(name)) is None:
        raise ValueError("a name is one line, with nothing invisible in it")
    return checked


ViewName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VIEW_NAME), AfterValidator(_view_name)]
RubricNoteWords = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_RUBRIC_NOTE)]
SeenVersion = Annotated[int, Field(ge=1, strict=True, description="The number of the version that was read.")]
MAX_ANCHORS: Final = 200
"""Anchors of one request, which fit into a body."""


class Asked(BaseModel):
    """The base of all that requests carry."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class KeptAnchor(Asked):
    """The number and the hash of an entry of the trail, as `counterpoint audit anchor` prints them."""

    seq: Annotated[int, Field(ge=0, le=MAX_NUMBER, strict=True)]
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    at: Annotated[str | None, StringConstraints(max_length=40)] = None

    @property
    def anchor(self) -> Anchor:
        """The anchor that it is."""
        return Anchor(self.seq, self.hash, self.at)


class Standing(StrEnum):
    """The decision that stands about a session, as it was read."""

    NONE = "none"
    RELEASED = "released"
    WITHHELD = "withheld"


class Decide(Asked):
    """A decision about the revision that was read."""

    revision: Revision
    stands: Standing


class ReadSession(Asked):
    """A session of several, with the revision that was read."""

    session_id: UUID
    revision: Revision


class ReleaseSeveral(Asked):
    """Sessions that were read and are released together."""

    sessions: Annotated[tuple[ReadSession, ...], Field(min_length=1, max_length=MAX_PAGE)]


class Said(Asked):
    """What a supervisor says of a statement."""

    judgement: Judgement
    reason: Annotated[WithholdReason | None, Field(description="Of a withheld statement, and of no other.")] = None
    level: Annotated[LevelName | None, Field(description="Of a corrected level, and of nothing else.")] = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _ = self.opinion
        return self

    @property
    def opinion(self) -> Opinion:
        """The opinion that it is."""
        return Opinion(self.judgement, self.reason, self.level)


class Judge(Said):
    """What a supervisor says of one statement of the answer that she has read."""

    revision: Revision
    assessment_id: UUID
    statement: AskedStatement

    @property
    def about(self) -> Statement:
        """The statement."""
        return Statement.parse(self.statement)


class AddNote(Asked):
    """A coaching note about the session, or about one of its moments."""

    text: Annotated[NoteWords, Field(repr=False)]
    exchange_id: UUID | None = None
    shared: Annotated[bool, Field(strict=True, description="Whether the therapist reads it after the release.")] = False
    follow_up_on: Annotated[Day | None, Field(description="The day on which its author wants to come back to it.")] = (
        None
    )


class FollowUpOn(Asked):
    """The day on which a supervisor wants to come back to a note of her own."""

    day: Day


class CommentOnNote(Asked):
    """A comment under a note. It cannot be edited, and is removed by its author alone."""

    text: Annotated[NoteCommentWords, Field(repr=False)]


class TakeOver(Asked):
    """The hand-overs that were read, and why the next one is made."""

    seen: SeenHandovers
    reason: Annotated[Reason, Field(repr=False)]


class HandOver(TakeOver):
    """To whom a session is handed over, and why."""

    account_id: Annotated[UUID, Field(description="One of the session's `colleagues`.")]


class BackTo(StrEnum):
    """To whom a session is sent back."""

    SENDER = "sender"
    QUEUE = "queue"


class SendBack(TakeOver):
    """To whom a session is sent back, and why."""

    to: BackTo


class RenameView(Asked):
    """Another name of a saved view."""

    name: ViewName


class SaveView(AskedFilter):
    """A filter of the waiting list with its order, and the name under which it is saved."""

    name: ViewName

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_filter(QueueList.WAITING, self.chosen)
        return self


class AnswerCriterion(Asked):
    """What a supervisor says to one version of a criterion, about the session or one of its moments."""

    revision: Revision
    criterion_id: UUID
    version: Annotated[int, Field(ge=1, le=1_000_000, strict=True, description="The version that was read.")]
    exchange_id: Annotated[UUID | None, Field(description="The moment, for a criterion about moments alone.")] = None
    said: Annotated[str, StringConstraints(pattern=f"^({_SAID})$")] = Field(
        description="A code of its choices, or `undone`: what was said before no longer counts."
    )
    note: Annotated[AnswerNote, Field(repr=False)] = ""

    @property
    def answer(self) -> CriterionSaid:
        """What is said."""
        return CriterionSaid(self.criterion_id, self.version, self.exchange_id, self.said, self.note)


class WriteRubricNote(Asked):
    """The first version of a note on a mechanism. It never holds words of a conversation."""

    mechanism: Mechanism
    text: Annotated[RubricNoteWords, Field(repr=False)]


class EditRubricNote(Asked):
    """The next version of a note. It never holds words of a conversation."""

    seen: SeenVersion
    text: Annotated[RubricNoteWords, Field(repr=False)]


class RemoveRubricNote(Asked):
    """A note as it was read."""

    seen: SeenVersion


class VerifyTrail(Asked):
    """Anchors that were kept elsewhere."""

    anchors: Annotated[tuple[KeptAnchor, ...], Field(max_length=MAX_ANCHORS)] = ()


class Acknowledge(Asked):
    """The release that a therapist has read."""

    released_at: Utc


class OpenDispute(Asked):
    """A therapist's dispute of one statement of the release that they have read."""

    released_at: Utc
    assessment_id: UUID
    statement: AskedStatement
    ground: Ground
    text: Annotated[Comment, Field(repr=False)]
    another_supervisor: Annotated[
        bool, Field(strict=True, description="Ask the lead, or else another one than who released it.")
    ] = False

    @property
    def about(self) -> Statement:
        """The statement."""
        return Statement.parse(self.statement)


class DisputeSeen(Asked):
    """A dispute as it was read."""

    seen: Seen


class Resolve(Said):
    """What a supervisor says of a disputed statement, with words for the therapist."""

    seen: Seen
    text: Annotated[Comment, Field(repr=False)]


class AcknowledgeRisk(Asked):
    """What was done about a risk signal."""

    action: RiskAction
