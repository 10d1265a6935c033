"""The routes of a supervisor's saved views of the waiting list."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from plugin.api.caller import Reader, Reviewer
from plugin.api.list_models import AskedFilter, Part
from plugin.api.once import OnceDep
from plugin.api.read_routes import READING
from plugin.api.requests import RenameView, SaveView
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.queue.filters import QueueFilter

router = APIRouter(prefix="/views", tags=["saved views"])


class View(Part):
    """A saved view."""

    view_id: UUID
    name: str
    filter: AskedFilter | None = Field(
        description="What to ask the waiting list for; null if this version has no such filter."
    )


class Views(Part):
    """The saved views of one person, in the order in which they were saved."""

    views: tuple[View, ...]


@router.get("", responses=READING)
def list_views(caller: Reader) -> Views:
    """Return the supervisor's own saved views."""
    found = (
        View(view_id=each.view_id, name=each.name, filter=None if each.chosen is None else _filter(each.chosen))
        for each in caller.store.saved_views.all(caller.viewer)
    )
    return Views(views=tuple(found))


@router.post("", response_model=Done, responses=STEPPING)
def save_view(caller: Reviewer, once: OnceDep, asked: SaveView) -> Response:
    """Save a filter of the waiting list with its order under a name."""
    return once.step(
        lambda store: store.saved_views.save(caller.viewer, asked.name, asked.chosen, request_id=caller.request_id)
    )


@router.post("/{view_id}/rename", response_model=Done, responses=STEPPING)
def rename_view(caller: Reviewer, once: OnceDep, view_id: UUID, asked: RenameView) -> Response:
    """Give a saved view another name."""
    return once.step(
        lambda store: store.saved_views.rename(caller.viewer, view_id, asked.name, request_id=caller.request_id)
    )


@router.post("/{view_id}/remove", response_model=Done, responses=STEPPING)
def remove_view(caller: Reviewer, once: OnceDep, view_id: UUID) -> Response:
    """Remove a saved view."""
    return once.step(lambda store: store.saved_views.remove(caller.viewer, view_id, request_id=caller.request_id))


def _filter(chosen: QueueFilter) -> AskedFilter:
    return AskedFilter.model_validate(
        {
            "therapist": chosen.therapist,
            "need": chosen.need,
            "state": chosen.state,
            "handed": chosen.handed,
            "follow_up": chosen.follow_up,
            "mechanism": chosen.mechanism,
            "from": _written(chosen.ended_from),
            "to": _written(chosen.ended_to),
            "sort": chosen.order,
        }
    )


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
