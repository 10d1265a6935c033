"""The routes of what is new for a person since they last said that they have read; looking changes nothing."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import Caller, Disputer, OwnReader, Reader, Reviewer
from plugin.api.news_models import News, OwnNews, ReadNews, supervisors_news, therapists_news
from plugin.api.once import Once, OnceDep
from plugin.api.read_routes import READING
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.queue.opened_news import open_news
from plugin.queue.replies import Reply
from plugin.queue.store import Store

router = APIRouter(tags=["news"])

_DONE: Final = Reply(200, Done().model_dump())


@router.get("/news", responses=READING)
def read_news(caller: Reader) -> News:
    """Return new sessions by counsellor and what others did; the audit trail records each session that is in it.

    For a lead: what was escalated or came to them. Notes to come back to are at `/follow-ups`.
    """
    return supervisors_news(open_news(caller.store, caller.viewer, request_id=caller.request_id))


@router.post("/news/read", response_model=Done, responses=STEPPING)
def mark_news(caller: Reviewer, once: OnceDep, asked: ReadNews) -> Response:
    """Store up to when a supervisor or a lead has read; what came later stays new, and no mark moves back."""
    return _mark(caller, once, asked)


@router.get("/own-news", responses=READING)
def read_own_news(caller: OwnReader) -> OwnNews:
    """Return what was passed on to a therapist and what others did; the audit trail records each session in it."""
    return therapists_news(open_news(caller.store, caller.viewer, request_id=caller.request_id))


@router.post("/own-news/read", response_model=Done, responses=STEPPING)
def mark_own_news(caller: Disputer, once: OnceDep, asked: ReadNews) -> Response:
    """Store up to when a therapist has read; what came later stays new, and no mark moves back."""
    return _mark(caller, once, asked)


def _mark(caller: Caller, once: Once, asked: ReadNews) -> Response:
    def act(store: Store) -> Reply:
        store.digests.mark_read(caller.viewer, asked.until, request_id=caller.request_id)
        return _DONE

    return once.do(act)
