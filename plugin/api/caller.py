"""Who calls: the token of a request, the person whose it is, and what both may do.

The token in the `Authorization` header alone says who calls. A browser sends that header to nobody by itself, unlike a
cookie, so no other site can make it send a request of ours, and no CSRF token is needed. Cookies are not read here.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from plugin.api.problems import ApiProblem, nothing_here
from plugin.api.rate import RequestRate
from plugin.database.viewer import REVIEWERS, AccountRole, Viewer
from plugin.privacy.trail import Trail
from plugin.queue.store import Store
from plugin.queue.token_views import Scope, TokenUse
from stream.runtime.settings import DeliverySettings, OidcSettings, TenantSettings

REALM: Final = 'Bearer realm="counterpoint"'
_bearer = HTTPBearer(
    scheme_name="token", auto_error=False, description="A token that `counterpoint tokens create` has printed."
)


class TokenAttempts(Protocol):
    """A count of tokens that were not valid, which limits them as failed logins are limited."""

    def begin(self, token: str, address: str) -> float:
        """Begin an attempt and return 0, or return the seconds until one is accepted."""

    def end(self, token: str, address: str, *, failed: bool) -> None:
        """End an attempt that has begun."""


@dataclass(frozen=True)
class Services:
    """The objects that the routes work with."""

    store: Store
    attempts: TokenAttempts
    rate: RequestRate
    tenants: Mapping[str, TenantSettings] = field(default_factory=dict, repr=False)
    """The platforms of the settings, whose keys make pseudonyms of an operator's mapping."""
    oidc: OidcSettings = field(default_factory=OidcSettings, repr=False)
    """The provider at which people log in."""
    delivery: DeliverySettings = field(default_factory=DeliverySettings, repr=False)
    """The key of stored receivers."""


def get_services(request: Request) -> Services:
    """Return the services with which the API of this request was mounted."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


@dataclass(frozen=True)
class Caller:
    """A request's person and token, with the store on which they read and act."""

    use: TokenUse
    token: str = field(repr=False)
    store: Store
    request_id: str
    """What the audit trail says of the request: its own id, and the id of the token."""

    @property
    def viewer(self) -> Viewer:
        """The person, with the rights they have now."""
        return self.use.viewer

    @property
    def trail(self) -> Trail:
        """The audit trail of the store's database, for auditors."""
        return Trail(self.store.engine)


def current_caller(
    request: Request,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who calls, by the token of the request.

    Raises:
        ApiProblem: there is no valid token, or there were too many requests with it, or too many invalid ones.
    """
    if credentials is None:
        raise ApiProblem(401, "no-token", "This needs a token.", headers={"WWW-Authenticate": REALM})
    use = _use(services, credentials.credentials, "" if request.client is None else request.client.host)
    if use is None:
        challenge = f'{REALM}, error="invalid_token"'
        raise ApiProblem(401, "invalid-token", "This token is not valid.", headers={"WWW-Authenticate": challenge})
    if wait := services.rate.take(use.token_id, time.time()):
        raise _too_many(wait)
    request.state.viewer = use.viewer
    request_id = f"{request.state.request_id} token {use.token_id}"
    return Caller(use, credentials.credentials, services.store, request_id)


CurrentCaller = Annotated[Caller, Depends(current_caller)]


def needs(scope: Scope, *roles: AccountRole) -> Callable[[Caller], Caller]:
    """Return the dependency of a route for people of some roles, with tokens of a scope; others find nothing there."""

    def check(caller: CurrentCaller) -> Caller:
        if scope not in caller.use.scopes:
            challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
            headers = {"WWW-Authenticate": challenge}
            raise ApiProblem(403, "missing-scope", f"This needs a token with the scope {scope}.", headers=headers)
        if caller.viewer.role not in roles:
            raise nothing_here()
        return caller

    return check


Reader = Annotated[Caller, Depends(needs(Scope.SESSIONS_READ, *REVIEWERS))]
Reviewer = Annotated[Caller, Depends(needs(Scope.SESSIONS_REVIEW, *REVIEWERS))]
Releaser = Annotated[Caller, Depends(needs(Scope.SESSIONS_RELEASE, *REVIEWERS))]
Resolver = Annotated[Caller, Depends(needs(Scope.DISPUTES_WRITE, *REVIEWERS))]
OwnReader = Annotated[Caller, Depends(needs(Scope.SESSIONS_READ, AccountRole.THERAPIST))]
Disputer = Annotated[Caller, Depends(needs(Scope.DISPUTES_WRITE, AccountRole.THERAPIST))]
OperatorReader = Annotated[Caller, Depends(needs(Scope.SESSIONS_READ, AccountRole.OPERATOR))]
RubricReader = Annotated[
    Caller, Depends(needs(Scope.SESSIONS_READ, *(role for role in AccountRole if role is not AccountRole.AUDITOR)))
]
RiskAcknowledger = Annotated[Caller, Depends(needs(Scope.RISK_ACKNOWLEDGE, *REVIEWERS, AccountRole.OPERATOR))]
RiskReader = Annotated[Caller, Depends(needs(Scope.RISK_ACKNOWLEDGE, *REVIEWERS))]
RubricWriter = Annotated[Caller, Depends(needs(Scope.RUBRIC_WRITE, AccountRole.LEAD))]
CriterionWriter = Annotated[Caller, Depends(needs(Scope.RUBRIC_WRITE, AccountRole.OPERATOR))]
TrailReader = Annotated[Caller, Depends(needs(Scope.TRAIL_READ, AccountRole.AUDITOR))]
OutcomeWriter = Annotated[Caller, Depends(needs(Scope.OUTCOMES_WRITE, AccountRole.OPERATOR))]
PeopleWriter = Annotated[Caller, Depends(needs(Scope.PEOPLE_WRITE, AccountRole.OPERATOR))]
ReceiverWriter = Annotated[Caller, Depends(needs(Scope.RECEIVERS_WRITE, AccountRole.OPERATOR))]


def _use(services: Services, token: str, address: str) -> TokenUse | None:
    """Return what a token may do, None if it is not valid; too many that are not end the attempts for a while."""
    if wait := services.attempts.begin(token, address):
        raise _too_many(wait)
    failed = False
    try:
        use = services.store.tokens.use(token)
        failed = use is None
    finally:
        services.attempts.end(token, address, failed=failed)
    return use


def _too_many(wait: float) -> ApiProblem:
    seconds = str(round(wait))
    return ApiProblem(429, "too-many", f"Too many requests: wait {seconds} seconds.", headers={"Retry-After": seconds})
