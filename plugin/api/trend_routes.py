"""The routes of trends, one therapist at a time, and of numbers about all sessions that somebody reviews."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from plugin.api.caller import OwnReader, Reader
from plugin.api.list_models import Part
from plugin.api.problems import nothing_here
from plugin.api.quality_routes import DisputeRate
from plugin.api.read_routes import READING
from plugin.api.trend_models import Trend, trend
from plugin.queue.team_numbers import PACE_OVER

router = APIRouter(tags=["trends"], responses=READING)


class TeamNumbers(Part):
    """Numbers about all sessions that the caller reviews, taken together; none is about one person."""

    came: int = Field(description=f"The sessions that came in the last {PACE_OVER.days} days.")
    decided: int = Field(description="Those that were decided about in that time.")
    disputes: DisputeRate


@router.get("/own-trend")
def read_own_trend(caller: OwnReader) -> Trend:
    """Return a therapist's own trend."""
    viewer = caller.viewer
    return trend(viewer.user_id, viewer.display_name, caller.store.trends.own(viewer))


@router.get("/trends/{account_id}")
def read_trend(caller: Reader, account_id: UUID) -> Trend:
    """Return what one of the therapists of `/therapists` sees as their own trend; the audit trail records it."""
    found = caller.store.trends.of_therapist(caller.viewer, account_id, request_id=caller.request_id)
    if found is None:
        raise nothing_here()
    return trend(account_id, *found)


@router.get("/team-numbers")
def read_team_numbers(caller: Reader) -> TeamNumbers:
    """Return whether the work keeps up, and how many sessions are disputed; no rate about few counsellors."""
    numbers = caller.store.team_numbers
    pace = numbers.pace(caller.viewer)
    return TeamNumbers(
        came=pace.came,
        decided=pace.decided,
        disputes=DisputeRate.model_validate(numbers.disputes(caller.viewer)),
    )
