"""Log in, log out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from plugin.web import login
from plugin.web.dependencies import Given, OwnForm
from plugin.web.labels import counted
from plugin.web.render import page
from stream.runtime.logging import get_logger

router = APIRouter()

_WRONG = "That username and password do not fit together."


@router.get("/login")
def login_form(request: Request) -> Response:
    """Ask for username and password."""
    return page(request, "login.html", trouble=None)


@router.post("/login", dependencies=[OwnForm])
def log_in(
    request: Request,
    given: Given,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Begin a login, or say that it failed: never whether the name or the password was wrong."""
    address = request.client.host if request.client else ""
    wait = given.attempts.wait_s(username, address)
    if wait > 0:
        get_logger().warning("login_slowed_down", retry_after_s=round(wait))
        minutes = counted(int(wait // 60) + 1, "minute")
        answer = page(request, "login.html", status=429, trouble=f"Too many tries. Please wait {minutes}.")
        answer.headers["Retry-After"] = str(round(wait))
        return answer
    viewer = given.store.authenticate(username, password, request_id=request.state.request_id)
    if viewer is None:
        given.attempts.failed(username, address)
        get_logger().info("login_failed")
        return page(request, "login.html", status=401, trouble=_WRONG)
    given.attempts.succeeded(username, address)
    wanted = login.page_wanted(request.session)
    login.begin(request.session, viewer.user_id, given.now())
    return RedirectResponse(wanted, 303)


@router.post("/logout", dependencies=[OwnForm])
def log_out(request: Request) -> Response:
    """End the login; the cookie is taken back."""
    request.session.clear()
    return RedirectResponse("/login", 303)
