"""The routes of a therapist's own trend, which a supervisor of their team may open too, one therapist at a time."""

from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from plugin.queue.trend import VersionTrend
from plugin.web.dependencies import CurrentSupervisor, CurrentTherapist, ServicesDep
from plugin.web.render import page
from plugin.web.trend_chart import trend_chart
from stream.contracts.vocabulary import Mechanism

router = APIRouter()


@router.get("/trend")
def own_trend(request: Request, services: ServicesDep, viewer: CurrentTherapist) -> Response:
    """Show a therapist their own trend."""
    return _page(request, "", services.store.trends.own(viewer))


@router.get("/trends")
def therapists(request: Request, services: ServicesDep, viewer: CurrentSupervisor) -> Response:
    """Name the therapists whose trend a supervisor may open, by the alphabet and without any number of theirs."""
    disputes = services.store.team_numbers.disputes(viewer)
    return page(request, "trends.html", therapists=services.store.therapists(viewer), disputes=disputes)


@router.get("/trends/{account_id}")
def trend_of_therapist(
    request: Request, services: ServicesDep, viewer: CurrentSupervisor, account_id: UUID
) -> Response:
    """Show a supervisor the trend of one therapist of her teams."""
    found = services.store.trends.of_therapist(viewer, account_id, request_id=request.state.request_id)
    if found is None:
        raise HTTPException(404)
    return _page(request, *found)


def _page(request: Request, therapist: str, versions: tuple[VersionTrend, ...]) -> Response:
    """Show a trend; `therapist` is empty where it is the reader's own."""
    charts = {
        (version.model.key, mechanism): trend_chart(mechanism, version.periods, by_month=version.is_by_month)
        for version in versions
        if version.periods
        for mechanism in Mechanism
    }
    return page(request, "trend.html", therapist=therapist, versions=versions, charts=charts)
