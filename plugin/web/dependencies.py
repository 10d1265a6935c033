"""The FastAPI dependencies of the pages: who sends a request, and whether its form was served by us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Form, HTTPException, Request

from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.trail import Trail
from plugin.queue.practice_views import Rater
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.rehearsal_views import Speaker
from plugin.queue.store import Store
from plugin.web import login
from plugin.web.attempts import LoginAttempts
from plugin.web.known_device import KnownDevices
from plugin.web.login_queue import LoginQueue
from plugin.web.moments_address import remembered
from plugin.web.practice_limit import PracticeLimit
from plugin.web.provider.attempt import Attempts
from plugin.web.provider.provider import Provider
from stream.runtime.settings import Settings, TenantSettings


@dataclass(frozen=True)
class Services:
    """The objects that the routes work with; `now` gives seconds since 1970."""

    store: Store
    settings: Settings
    attempts: LoginAttempts
    devices: KnownDevices
    logins: LoginQueue
    provider: Provider | None
    """The OpenID Connect provider at which people log in, if the settings name one."""
    provider_attempts: Attempts
    expiry: login.Expiry
    now: Callable[[], float]
    practice_limit: PracticeLimit
    rater: Rater | None = None
    """What rates what is practised; None where the service lets no model read words whose names nobody told."""
    speaker: Speaker | None = None
    """What words the turns of written clients; None where they are said as they were written."""

    @property
    def trail(self) -> Trail:
        """The audit trail of the store's database, for auditors."""
        return Trail(self.store.engine)

    @property
    def tenants(self) -> Mapping[str, TenantSettings]:
        """The platforms of the settings."""
        return self.settings.tenants

    @property
    def sends_mail(self) -> bool:
        """Whether digests may be chosen to come by mail."""
        return bool(self.settings.delivery.mail.host)

    @property
    def webhooks(self) -> tuple[str, ...]:
        """The names of the stored receivers by which digests may be chosen to come."""
        return self.store.receivers.names(ReceiverKind.DIGESTS)


class LoginRequired(Exception):  # noqa: N818 - named by what the caller does
    """An error that redirects to the login page, raised when a request has no valid login."""


def get_services(request: Request) -> Services:
    """Return the services with which the application of this request was created."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


def current_viewer(request: Request, services: ServicesDep) -> Viewer:
    """Return the person whose login cookie the request carries, with the rights they have now.

    Raises:
        LoginRequired: The request has no valid login; the page it asked for is remembered.
    """
    found = login.current_login(request.session, services.now(), services.expiry)
    viewer = None if found is None else services.store.viewer(found.user_id)
    if found is None or viewer is None or viewer.generation != found.generation:
        request.session.clear()
        if request.method == "GET":
            login.remember_page(request.session, remembered(request))
        raise LoginRequired
    request.state.viewer = viewer
    return viewer


CurrentViewer = Annotated[Viewer, Depends(current_viewer)]


def require_supervisor(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they review sessions, otherwise answer 404 as if the page did not exist.

    Those are supervisors, and the lead, who may do what a supervisor may.
    """
    if not viewer.role.reviews:
        raise HTTPException(404)
    return viewer


CurrentSupervisor = Annotated[Viewer, Depends(require_supervisor)]


def require_supervisor_of_a_team(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they are a supervisor, who has teams and colleagues there, otherwise answer 404."""
    if viewer.role is not AccountRole.SUPERVISOR:
        raise HTTPException(404)
    return viewer


CurrentTeamSupervisor = Annotated[Viewer, Depends(require_supervisor_of_a_team)]


def require_therapist(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they are a therapist, otherwise answer 404 as if the page did not exist."""
    if viewer.role is not AccountRole.THERAPIST:
        raise HTTPException(404)
    return viewer


CurrentTherapist = Annotated[Viewer, Depends(require_therapist)]


def require_operator(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they are an operator, otherwise answer 404 as if the page did not exist."""
    if viewer.role is not AccountRole.OPERATOR:
        raise HTTPException(404)
    return viewer


CurrentOperator = Annotated[Viewer, Depends(require_operator)]


def require_lead(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they are a lead, otherwise answer 404 as if the page did not exist."""
    if viewer.role is not AccountRole.LEAD:
        raise HTTPException(404)
    return viewer


CurrentLead = Annotated[Viewer, Depends(require_lead)]


def require_auditor(viewer: CurrentViewer) -> Viewer:
    """Return the viewer if they are an auditor, otherwise answer 404 as if the page did not exist."""
    if viewer.role is not AccountRole.AUDITOR:
        raise HTTPException(404)
    return viewer


CurrentAuditor = Annotated[Viewer, Depends(require_auditor)]


def require_all_but_auditor(viewer: CurrentViewer) -> Viewer:
    """Return the viewer unless they are an auditor, who gets 404, since the trail is all that an auditor sees."""
    if viewer.role is AccountRole.AUDITOR:
        raise HTTPException(404)
    return viewer


CurrentAllButAuditor = Annotated[Viewer, Depends(require_all_but_auditor)]


def client_address(request: Request) -> str:
    """Return the address of the client: where a trusted proxy asks on its behalf, the one that the proxy names."""
    return request.client.host if request.client else ""


async def check_form(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> None:
    """Answer 403 to a form without this visitor's CSRF token, since another site may have made the browser send it."""
    if not login.is_valid_token(request.session, csrf):
        raise HTTPException(403)


ValidForm = Depends(check_form)
