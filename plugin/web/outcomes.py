"""The answer to a form about a session: back to its page, or a sentence that says why nothing was changed."""

from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.refusals import REFUSED
from plugin.queue.views import DecisionOutcome
from plugin.web.render import message

GONE: Final = (
    "This session is not here",
    (
        "If you have just had it before you, its client writes again: it comes back when it has ended, with what was"
        " said of it so far. Or the client withdrew consent, and nothing of it may stay. Nothing of yours was stored."
    ),
)
"""What is said of every session that a person cannot see, whether or not there is one."""


def answer_to_form(
    request: Request, outcome: DecisionOutcome, session_page: str, place: str = "", *, written: str = ""
) -> Response:
    """Redirect to a place on the session's page if the form was accepted, and otherwise say why it was not.

    What somebody has written in a form that was not accepted is given back to them, so that it is not lost.

    Raises:
        HTTPException: There is no such object for this person, and it is no session.
    """
    if outcome is DecisionOutcome.DONE:
        return RedirectResponse(session_page + place, 303)
    if outcome is DecisionOutcome.NOT_FOUND and session_page.startswith("/sessions/"):
        return message(request, 404, *GONE, written=written)
    if outcome is DecisionOutcome.NOT_FOUND:
        raise HTTPException(404)
    return message(request, 409, *REFUSED[outcome], back=session_page, written=written)
