"""The routes for logging in and logging out."""

import time
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import Viewer
from plugin.http_connections import address_of
from plugin.queue.accounts import MAX_NAME
from plugin.queue.passwords import MAX_PASSWORD
from plugin.web import login
from plugin.web.attempts import Visitor
from plugin.web.dependencies import CurrentViewer, Services, ServicesDep, ValidForm, client_address
from plugin.web.hashed_forms import too_many_tries
from plugin.web.login_page import login_page
from plugin.web.login_queue import RETRY_AFTER_S, Busy
from plugin.web.render import page
from stream.runtime.logging import get_logger

router = APIRouter()

_LOGIN_FAILED = "That username and password do not fit together."
_BUSY = "Many people are logging in at this moment. Please try again in a few seconds."


@router.get("/login")
def login_form(request: Request, services: ServicesDep) -> Response:
    """Show the provider's button, and the form that asks for username and password."""
    return login_page(request, services)


@router.post("/login", dependencies=[ValidForm])
async def log_in(
    request: Request,
    services: ServicesDep,
    username: Annotated[str, Form(max_length=MAX_NAME)] = "",
    password: Annotated[str, Form(max_length=MAX_PASSWORD)] = "",
) -> Response:
    """Log a person in, or answer that it failed without saying whether the name or the password was wrong.

    The route holds no thread while it waits, so that those who are logged in already keep theirs.
    """
    if services.provider is not None and not services.provider.allows_passwords:
        raise HTTPException(404)
    device = services.devices.recognise(request.cookies.get(services.devices.cookie_name), username)
    visitor = Visitor(username, client_address(request), device)
    wait = services.attempts.begin(visitor, time.time())
    if wait > 0:
        return _slow_down(request, services, wait)
    failed = False
    try:
        viewer = await services.logins.run(
            lambda: services.store.authenticate(username, password, request_id=request.state.request_id),
            address=address_of((visitor.address, 0)),
            is_known=device is not None,
        )
        failed = viewer is None
    except Busy:
        return _come_back(request, services)
    finally:
        services.attempts.end(visitor, failed=failed)
    if viewer is None:
        get_logger().info("login_failed")
        return login_page(request, services, status=401, trouble=_LOGIN_FAILED)
    services.attempts.succeeded(visitor)
    return _let_in(request, services, viewer, username, device)


@router.post("/logout", dependencies=[ValidForm])
def log_out(request: Request, services: ServicesDep, viewer: CurrentViewer) -> Response:
    """End every login of this person and clear the cookie; a copy of it is worth nothing afterwards."""
    services.store.accounts.end_logins(viewer, request_id=request.state.request_id)
    request.session.clear()
    provider = services.provider
    address = provider.logout_address() if provider is not None and viewer.issuer == provider.issuer else None
    if provider is None or address is None:
        return RedirectResponse("/login", 303)
    # Not a redirect: a browser follows none from a form to another site, by our policy for forms.
    request.state.viewer = None
    return page(request, "logged_out.html", provider=provider.name, address=address)


def _let_in(
    request: Request, services: ServicesDep, viewer: Viewer, username: str, device: str | None
) -> RedirectResponse:
    wanted = login.remembered_page(request.session)
    login.start_login(request.session, login.Login(viewer.user_id, viewer.generation), services.now())
    answer = RedirectResponse(wanted, 303)
    services.devices.remember(answer, username, device)
    return answer


def _slow_down(request: Request, services: Services, wait: float) -> Response:
    get_logger().warning("login_slowed_down", retry_after_s=round(wait))
    answer = login_page(request, services, status=429, trouble=too_many_tries(wait))
    answer.headers["Retry-After"] = str(round(wait))
    return answer


def _come_back(request: Request, services: Services) -> Response:
    get_logger().warning("login_queue_full")
    answer = login_page(request, services, status=503, trouble=_BUSY)
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
