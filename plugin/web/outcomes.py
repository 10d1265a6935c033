"""The answer to a form about a session: back to its page, or a sentence that says why nothing was changed."""

from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.views import DecisionOutcome
from plugin.web.render import message

_REFUSED: Final = {
    DecisionOutcome.CHANGED: (
        "This session has changed",
        "It changed while you were reading, so nothing was decided. Please look at it again.",
    ),
    DecisionOutcome.CLAIMED: (
        "Somebody else is reviewing this session",
        "Another supervisor has begun to review it, so nothing of yours was stored. Its page says until when.",
    ),
    DecisionOutcome.TOO_LATE: (
        "The time for this is over",
        "A point can be disputed, or a decision about it looked at again, for 14 days. Please talk to your supervisor.",
    ),
    DecisionOutcome.NOT_YOURS: (
        "Another supervisor decides this",
        "Your release or decision is disputed, and the counsellor asked for another supervisor. Nothing was stored.",
    ),
    DecisionOutcome.RELEASED: (
        "This session is released",
        "Its counsellor can read it as it is, so nothing was changed. Withhold it first if something has to change.",
    ),
}


def answer_to_form(request: Request, outcome: DecisionOutcome, session_page: str, place: str = "") -> Response:
    """Redirect to a place on the session's page if the form was accepted, and otherwise say why it was not.

    Raises:
        HTTPException: There is no such session for this person.
    """
    if outcome is DecisionOutcome.DONE:
        return RedirectResponse(session_page + place, 303)
    if outcome is DecisionOutcome.NOT_FOUND:
        raise HTTPException(404)
    return message(request, 409, *_REFUSED[outcome], back=session_page)
