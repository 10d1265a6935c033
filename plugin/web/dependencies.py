"""Who asks, and whether the form they send is ours: the dependencies that every page stands behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Form, HTTPException, Request

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.store import Store
from plugin.web import login
from plugin.web.attempts import LoginAttempts
from stream.runtime.health import Health


@dataclass(frozen=True)
class Services:
    """What pages work with. `now` gives seconds since 1970."""

    store: Store
    attempts: LoginAttempts
    now: Callable[[], float]
    health: Health


class LoginNeeded(Exception):  # noqa: N818 - named by what the caller does
    """Nobody is logged in, or no longer: show the login page."""


def services(request: Request) -> Services:
    """The services this application was made with."""
    return cast("Services", request.app.state.services)


Given = Annotated[Services, Depends(services)]


def signed_in(request: Request, given: Given) -> Viewer:
    """The person of the login cookie, with the rights they have now.

    Raises:
        LoginNeeded: for anybody else; the page they wanted is remembered.
    """
    user_id = login.current_user(request.session, given.now())
    viewer = None if user_id is None else given.store.viewer(user_id)
    if viewer is None:
        request.session.clear()
        if request.method == "GET":
            login.remember_page(request.session, request.url.path)
        raise LoginNeeded
    request.state.viewer = viewer
    return viewer


SignedIn = Annotated[Viewer, Depends(signed_in)]


def supervisor(viewer: SignedIn) -> Viewer:
    """Let supervisors pass; for others these pages do not exist."""
    if viewer.role is not AccountRole.SUPERVISOR:
        raise HTTPException(404)
    return viewer


Supervisor = Annotated[Viewer, Depends(supervisor)]


def own_form(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> None:
    """Refuse a form that another site made this visitor's browser send."""
    if not login.is_own_form(request.session, csrf):
        raise HTTPException(403)


OwnForm = Depends(own_form)
