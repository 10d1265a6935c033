"""The routes of what is new for a person, and of when, how and on which clocks that reaches them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import AwareDatetime

from plugin.database.viewer import Viewer
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.opened_news import open_news
from plugin.time_zones import MAX_ZONE, NO_ZONE, zone_names
from plugin.web.dependencies import (
    CurrentAllButAuditor,
    CurrentViewer,
    Services,
    ServicesDep,
    ValidForm,
    require_all_but_auditor,
)
from plugin.web.render import page
from stream.runtime.addresses import MAX_MAIL_ADDRESS, is_mail_address

MAX_WAY: Final = 100
_BY_WEBHOOK: Final = "webhook:"

router = APIRouter()


def require_reader(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they read sessions, otherwise answer 404 as if the page did not exist."""
    if not viewer.role.reads_sessions:
        raise HTTPException(404)
    return viewer


CurrentReader = Annotated[Viewer, Depends(require_reader)]


@router.get("/digest")
def digest(request: Request, services: ServicesDep, viewer: CurrentReader) -> Response:
    """Show what is new for a person since they last said that they have read; looking changes nothing."""
    opened = open_news(services.store, viewer, request_id=request.state.request_id)
    return page(
        request,
        "digest.html",
        news=opened.news,
        therapists=opened.therapists,
        shown=len(opened.sessions),
        follow_ups=services.store.follow_ups(viewer),
    )


@router.post("/digest/read", dependencies=[Depends(require_reader), ValidForm])
def read(
    request: Request, services: ServicesDep, viewer: CurrentReader, until: Annotated[AwareDatetime, Form()]
) -> Response:
    """Store that the person has read what the page showed; what came after it stays new."""
    services.store.digests.mark_read(viewer, until, request_id=request.state.request_id)
    return RedirectResponse("/digest", 303)


@router.get("/preferences")
def preferences(
    request: Request, services: ServicesDep, viewer: CurrentAllButAuditor, *, saved: bool = False
) -> Response:
    """Show a person's time zone, and on which days, at which hour and by which way digests reach them."""
    return _form(request, services, viewer, services.store.digests.preferences(viewer), saved=saved)


@router.post("/preferences", dependencies=[Depends(require_all_but_auditor), ValidForm])
def set_preferences(
    request: Request,
    services: ServicesDep,
    viewer: CurrentAllButAuditor,
    way: Annotated[str, Form(max_length=MAX_WAY)] = Way.NONE,
    mail: Annotated[str, Form(max_length=MAX_MAIL_ADDRESS)] = "",
    days: Annotated[list[Annotated[int, Form(ge=0, le=6)]], Form(max_length=7)] = [],  # noqa: B006 - never changed
    hour: Annotated[int, Form(ge=0, le=23)] = 8,
    zone: Annotated[str, Form(max_length=MAX_ZONE)] = NO_ZONE,
) -> Response:
    """Store the preferences, or say what is wrong with them. Who has no digests has a time zone alone."""
    if not viewer.role.reads_sessions:
        way = Way.NONE
    chosen, receiver = _way_of(way, mail.strip(), services.webhooks)
    wanted = DigestPreferences(chosen, receiver, frozenset(days), hour, zone.strip())
    if trouble := _trouble(wanted, services):
        return _form(request, services, viewer, wanted, trouble=trouble)
    services.store.digests.set_preferences(viewer, wanted, request_id=request.state.request_id)
    return RedirectResponse("/preferences?saved=yes", 303)


def _way_of(way: str, mail: str, webhooks: Sequence[str]) -> tuple[Way, str]:
    if way == Way.MAIL:
        return Way.MAIL, mail
    if way.startswith(_BY_WEBHOOK) and (name := way.removeprefix(_BY_WEBHOOK)) in webhooks:
        return Way.WEBHOOK, name
    if way == Way.NONE:
        return Way.NONE, ""
    raise HTTPException(400)


def _trouble(wanted: DigestPreferences, services: Services) -> str | None:
    """Return what is wrong with preferences, as a sentence for the person."""
    if wanted.zone not in zone_names():
        return "There is no such time zone. Please choose one of the list, such as Europe/Berlin."
    if wanted.way is Way.NONE:
        return None
    if wanted.way is Way.MAIL and not services.sends_mail:
        return "Digests do not go out by mail here. Please choose another way."
    if wanted.way is Way.MAIL and not is_mail_address(wanted.receiver):
        return "That is not a mail address. Please write it like name@example.org."
    return None if wanted.days else "Please choose at least one day, or no digest."


def _form(
    request: Request,
    services: Services,
    viewer: Viewer,
    preferences: DigestPreferences,
    *,
    saved: bool = False,
    trouble: str | None = None,
) -> Response:
    return page(
        request,
        "preferences.html",
        status=400 if trouble else 200,
        preferences=preferences,
        latest=services.store.digests.latest(viewer),
        sends_mail=services.sends_mail,
        webhooks=services.webhooks,
        zones=sorted(zone_names()),
        saved=saved,
        trouble=trouble,
        now=datetime.fromtimestamp(services.now(), UTC),
    )
