"""The JSON of a therapist's own sessions: what was released to them, without a need, a score or a verdict."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plugin.api.codes import StatementName
from plugin.api.list_models import MAX_PAGE, Part
from plugin.api.session_models import Afterwards, CriterionAnswer, Dispute, Label, Measures, Message, Rating, ReadNote
from plugin.database.viewer import AccountRole
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.paging import PAGE
from stream.contracts.feedback import ModelVersion
from stream.contracts.sessions import Cue
from stream.contracts.vocabulary import Mechanism


class OwnLine(Part):
    """A released session in a therapist's list."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    moments: int
    released_at: datetime
    released_by: str
    acknowledged_at: datetime | None


class OwnQuery(BaseModel):
    """Which part of a therapist's released sessions."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cursor: str | None = Field(default=None, max_length=64, description="The `next_cursor` of the part before.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)


class OwnSessions(Part):
    """A part of a therapist's released sessions, the latest release first."""

    sessions: tuple[OwnLine, ...]
    next_cursor: str | None = Field(description="The place of the next part; null at the list's end.")


class OwnAlternative(Part):
    """A reply that could have been given instead; an option, never an instruction."""

    text: str = Field(repr=False)
    mechanism: Mechanism
    written_id: str | None
    written_for: str | None = Field(repr=False)


class OwnAnswer(Part):
    """What the feedback model says of a reply, without what a supervisor keeps back."""

    assessment_id: UUID
    model: ModelVersion
    ratings: tuple[Rating, ...]
    strengths: tuple[str, ...] = Field(repr=False)
    alternatives: tuple[OwnAlternative, ...]


class OwnMoment(Part):
    """A moment of the therapist's own; `labels` hold the levels that a supervisor has set beside the model's."""

    exchange_id: UUID
    context: tuple[str, ...]
    client_turn: tuple[str, ...]
    reply: tuple[str, ...]
    cues: tuple[Cue, ...]
    answer: OwnAnswer
    labels: Mapping[StatementName, Label]
    afterwards: Afterwards
    disputable: tuple[StatementName, ...]


class Opening(Part):
    """Who of the service has opened the session on one day."""

    name: str
    role: AccountRole
    first: datetime
    times: int


class OwnSession(Part):
    """A therapist's opened session."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    released_at: datetime
    released_by: str
    acknowledged_at: datetime | None
    messages: tuple[Message, ...]
    moments: tuple[OwnMoment, ...]
    notes: tuple[ReadNote, ...]
    criterion_answers: tuple[CriterionAnswer, ...] = Field(description="Those to criteria that are shared, of people.")
    disputes: tuple[Dispute, ...]
    dispute_until: datetime | None
    openings: tuple[Opening, ...]
    measures: Measures | None = Field(
        description="Null where the session was not measured, or another counsellor wrote in it too."
    )


class Export(Part):
    """One export of data about the therapist's sessions."""

    at: datetime
    by: str
    kind: ExportKind
    purpose: ExportPurpose


class Exports(Part):
    """Who exported data about a therapist's sessions, when and why; the latest first."""

    exports: tuple[Export, ...]
