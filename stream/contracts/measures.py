"""`counterpoint.measures.v1`: what the measures say of one revision of a finished session, in numbers and labels.

No field can hold words of a conversation: names and labels are single words in lower case, from the measures' cards.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from stream.contracts.base import Contract, ConversationRecord, MessageId, Pseudonym, Utc
from stream.contracts.ids import measures_event_id
from stream.contracts.vocabulary import Role

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
"""The name of a measure or a quantity, or a label: lower case and without blanks."""
Version = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+]{1,64}$")]
"""The version of a measure, or the fingerprint of the reader."""


class Absent(StrEnum):
    """The reason why there is neither a number nor a label."""

    NOTHING_TO_MEASURE = "nothing_to_measure"
    """No turn of the side that it is about, or no words in it."""
    TOO_SHORT = "too_short"
    LANGUAGE = "language"
    """A language that the reader does not know."""
    CRITICAL_CONTENT = "critical_content"
    """A client turn with critical content of either grade, or the reply to it: a person looks at it, no model rates."""
    TOO_LONG = "too_long"
    """More turns or text than is read at once; of the whole session."""
    NAMES_NOT_TOLD = "names_not_told"
    """Names were not told, and the settings let no model read such a session; of the whole session."""
    REFUSED = "refused"
    """A language model's answer that was not as asked, or whose evidence is not in the text."""
    READER_FAILED = "reader_failed"
    """The reader is there, and failed on this session each time; of the whole session."""


class MeasureFinding(Contract):
    """A number, labels, or the reason why there is neither, of one turn or of the session."""

    quantity: Word
    turn: int | None = Field(default=None, ge=1)
    """The number of the turn in the record's `turns`, from 1; None for the session as a whole."""
    number: float | None = Field(default=None, allow_inf_nan=False)
    labels: tuple[Word, ...] = ()
    absent: Absent | None = None


class MeasuredTurn(Contract):
    """A maximal run of messages of one side."""

    role: Literal[Role.CLIENT, Role.COUNSELLOR]
    message_ids: tuple[MessageId, ...] = Field(min_length=1)


class TakenMeasure(Contract):
    """What one measure says of a session."""

    name: Word
    version: Version
    validated: bool = False
    """Whether agreement with clinicians has been measured; without it, "unvalidated" stands beside every finding."""
    shown: tuple[Word, ...] = ()
    """The quantities that people may be shown; the others are no better than a constant, or were never measured."""
    findings: tuple[MeasureFinding, ...] = ()


class MeasuresRecord(ConversationRecord):
    """What all measures say of one revision of a session, or why they say nothing.

    A lower revision than the latest of the sessions topic says nothing of the session as it is now, and the topic does
    not repeat that a session has reopened, was withdrawn or erased.
    """

    event_type: ClassVar[str] = "counterpoint.measures.v1"

    session_id: UUID
    revision: int = Field(ge=1)
    first_appended_at: Utc
    """The broker's append time from which an erasure or a withdrawal is about this session."""
    last_appended_at: Utc
    """The broker's append time from which its retention runs."""
    clients: tuple[Pseudonym, ...] = ()
    """Every client who wrote in the session, so that an erasure finds it; nothing is said of them."""
    counsellors: tuple[Pseudonym, ...] = ()
    """The same of counsellors."""
    reader: Version
    """The fingerprint of the reader that was asked."""
    turns: tuple[MeasuredTurn, ...] = ()
    """The turns in order, to which findings refer."""
    absent: Absent | None = None
    """The reason why nothing is said of the whole session; then there are no measures."""
    measures: tuple[TakenMeasure, ...] = ()

    @property
    def event_id(self) -> UUID:
        """The id of the event: the same for the same session, revision, measures and reader."""
        versions = (f"{measure.name} {measure.version}" for measure in self.measures)
        return measures_event_id(self.session_id, self.revision, self.reader, versions)
