"""The answer to a form about a session: back to its page, or a sentence that says why nothing was changed."""

from fastapi import HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.queue.refusals import REFUSED
from plugin.queue.views import DecisionOutcome
from plugin.web.render import message


def answer_to_form(request: Request, outcome: DecisionOutcome, session_page: str, place: str = "") -> Response:
    """Redirect to a place on the session's page if the form was accepted, and otherwise say why it was not.

    Raises:
        HTTPException: There is no such session for this person.
    """
    if outcome is DecisionOutcome.DONE:
        return RedirectResponse(session_page + place, 303)
    if outcome is DecisionOutcome.NOT_FOUND:
        raise HTTPException(404)
    return message(request, 409, *REFUSED[outcome], back=session_page)
