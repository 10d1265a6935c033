"""The route on which a supervisor reads the moments of one mechanism or behaviour across sessions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugin.api.caller import Caller, Reader
from plugin.api.codes import Day, LevelName, StatementName
from plugin.api.cursors import cursor_of_place, place_of
from plugin.api.list_models import MAX_PAGE, Decision, Part
from plugin.api.problems import documented, invalid_request, place_lost
from plugin.api.read_routes import READING
from plugin.api.session_models import Label, Rating
from plugin.queue.filters import QueueState
from plugin.queue.moment_filter import MomentFilter, check_moment_filter
from plugin.queue.moment_views import MomentPlace
from plugin.queue.paging import PAGE
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Mechanism, ResistanceType, Verdict

router = APIRouter(prefix="/moments", tags=["moments"], responses=READING)
_MAX_CURSOR: Final = 64  # characters; a cursor has 40


class MomentQuery(BaseModel):
    """By what moments across sessions are filtered, and which part of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mechanism: Mechanism | None = Field(default=None, description="One that has a level: a supervisor's own before it.")
    level: LevelName | None = Field(default=None, description="That level.")
    own_differs: bool = Field(default=False, description="Whether a supervisor's own level must be another one.")
    resistance_type: ResistanceType | None = None
    therapist: UUID | None = Field(default=None, description="The account of the counsellor who replied.")
    decided: bool | None = Field(default=None, description="Whether the session was decided about.")
    state: QueueState | None = None
    ended_from: Day | None = Field(default=None, alias="from", description="Its first day, on the clocks of `/me`.")
    ended_to: Day | None = Field(default=None, alias="to", description="Its last day, on the clocks of `/me`.")
    cursor: str | None = Field(
        default=None, max_length=_MAX_CURSOR, description="The `next_cursor` of the part before."
    )
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_moment_filter(self.chosen)
        return self

    @property
    def chosen(self) -> MomentFilter:
        """The filter."""
        return MomentFilter(
            mechanism=self.mechanism,
            level=self.level,
            own_differs=self.own_differs,
            resistance_type=self.resistance_type,
            therapist=self.therapist,
            ended_from=self.ended_from,
            ended_to=self.ended_to,
            decided=self.decided,
            state=self.state,
        )


class FoundSession(Part):
    """The session of a moment."""

    session_id: UUID
    revision: int
    started_at: datetime
    ended_at: datetime
    decision: Decision | None
    is_reviewed: bool


class FoundAnswer(Part):
    """What the model says of a moment, without suggestions."""

    assessment_id: UUID
    model: ModelVersion
    verdict: Verdict
    resistance_type: ResistanceType | None
    ratings: tuple[Rating, ...] = Field(repr=False)


class FoundMoment(Part):
    """A moment with its levels and their quotations, and what supervisors say of its statements."""

    session: FoundSession = Field(validation_alias="row")
    exchange_id: UUID
    counsellor: str | None
    answer: FoundAnswer
    labels: Mapping[StatementName, Label]
    is_kept_back: bool


class CountedVersion(Part):
    """How many moments one version of a model rated by one version of the rubric; never to be added up."""

    model: ModelVersion
    moments: int


class FoundMoments(Part):
    """A part of the moments that the filter leaves, the newest session first."""

    moments: tuple[FoundMoment, ...]
    versions: tuple[CountedVersion, ...] = Field(description="Of the first part alone; none by counsellor.")
    searched: int = Field(description="The sessions that were searched for this part.")
    searched_to: datetime | None = Field(description="The end of the oldest of them; null where there is no older one.")
    to_rate_first: int = Field(description="Sessions left out, which a calibration asks the reader to rate before.")
    next_cursor: str | None = Field(default=None, description="The place of the next part; null at the end.")


@router.get("", responses=documented(410))
def list_moments(caller: Reader, asked: Annotated[MomentQuery, Query()]) -> FoundMoments:
    """Return moments across sessions; each session of which words are returned has its entry in the audit trail."""
    after = None if asked.cursor is None else _place(caller, asked, asked.cursor)
    found = caller.store.moments.read(
        caller.viewer, asked.chosen, after, size=asked.limit, request_id=caller.request_id
    )
    part = FoundMoments.model_validate(found)
    if found.next_place is None:
        return part
    return part.model_copy(update={"next_cursor": cursor_of_place(found.next_place, asked.chosen)})


def _place(caller: Caller, asked: MomentQuery, cursor: str) -> MomentPlace:
    """Return the place of a cursor; it is lost where its session is."""
    try:
        place = place_of(cursor, asked.chosen)
    except ValueError:
        raise invalid_request("cursor") from None
    if place.session_id not in caller.store.rows(caller.viewer, [place.session_id]):
        raise place_lost()
    return place
