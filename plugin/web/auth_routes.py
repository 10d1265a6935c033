"""The routes for logging in and logging out."""

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from plugin.web import login
from plugin.web.dependencies import ServicesDep, ValidForm
from plugin.web.labels import counted
from plugin.web.render import page
from stream.runtime.logging import get_logger

router = APIRouter()

_LOGIN_FAILED = "That username and password do not fit together."


@router.get("/login")
def login_form(request: Request) -> Response:
    """Show the form that asks for username and password."""
    return page(request, "login.html", trouble=None)


@router.post("/login", dependencies=[ValidForm])
def log_in(
    request: Request,
    services: ServicesDep,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Log a person in, or answer that it failed without saying whether the name or the password was wrong."""
    address = request.client.host if request.client else ""
    wait = services.attempts.wait_s(username, address, time.time())
    if wait > 0:
        get_logger().warning("login_slowed_down", retry_after_s=round(wait))
        minutes = counted(int(wait // 60) + 1, "minute")
        answer = page(request, "login.html", status=429, trouble=f"Too many tries. Please wait {minutes}.")
        answer.headers["Retry-After"] = str(round(wait))
        return answer
    viewer = services.store.authenticate(username, password, request_id=request.state.request_id)
    if viewer is None:
        services.attempts.failed(username, address)
        get_logger().info("login_failed")
        return page(request, "login.html", status=401, trouble=_LOGIN_FAILED)
    services.attempts.succeeded(username, address)
    wanted = login.remembered_page(request.session)
    login.start_login(request.session, viewer.user_id, services.now())
    return RedirectResponse(wanted, 303)


@router.post("/logout", dependencies=[ValidForm])
def log_out(request: Request) -> Response:
    """End the login and clear its cookie."""
    request.session.clear()
    return RedirectResponse("/login", 303)
