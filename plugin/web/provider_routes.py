"""The routes of the login at the OpenID Connect provider: to it, back from it, and the end of a login there.

Requests to the provider are asynchronous, and the database is asked in a thread afterwards: no transaction and no
thread waits for the provider.
"""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from plugin.database.viewer import Viewer
from plugin.queue.provider_accounts import subject_hash
from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web import login
from plugin.web.attempts import Visitor
from plugin.web.dependencies import Services, ServicesDep, client_address
from plugin.web.labels import counted
from plugin.web.login_page import login_page
from plugin.web.provider.attempt import Attempt
from plugin.web.provider.connection import ProviderAwayError
from plugin.web.provider.provider import BEGIN_PATH, LOGOUT_PATH, RETURN_PATH, Provider
from plugin.web.render import message, page
from stream.runtime.logging import get_logger
from stream.runtime.metrics import PROVIDER_LOGINS_REFUSED

router = APIRouter()

MAX_TOKEN: Final = 32_768
"""Characters of a logout token; our middleware bounds the whole body."""
_AWAY: Final = "{name} does not answer at the moment. {instead}"
_NOT_LOGGED_IN: Final = "You could not be logged in"
_TRY_AGAIN: Final = "Nothing was changed. Please begin again from the login page."
_OWN_WORDS: Final = {
    Refusal.NO_ROLE: "{name} knows you, but has not given you a role in Counterpoint. Please ask whoever manages"
    " accounts there.",
    Refusal.UNFIT: "{name} knows you and your role, but not the team or the platform that go with it. Please ask"
    " whoever manages accounts there.",
    Refusal.COUNSELLOR_TAKEN: "{name} says which counsellor you are, and another account here belongs to that"
    " counsellor. Please ask an operator of Counterpoint.",
    Refusal.DISABLED: "Your account is disabled. Please ask an operator of Counterpoint.",
    Refusal.REMOVED: "Your account was removed. Please ask an operator of Counterpoint.",
}


@router.get(BEGIN_PATH)
async def begin(request: Request, services: ServicesDep) -> Response:
    """Send the browser to the provider, with a cookie that binds the way back to it."""
    provider = _provider(services)
    attempt = services.provider_attempts.begin(login.remembered_page(request.session))
    try:
        address = await provider.address_of(attempt)
    except ProviderAwayError as error:
        return _away(request, services, provider, error)
    answer = RedirectResponse(address, 303)
    services.provider_attempts.keep(answer, attempt)
    return answer


@router.get(RETURN_PATH)
async def come_back(request: Request, services: ServicesDep) -> Response:
    """Log the person in whom the provider sent back, or say that it failed."""
    provider = _provider(services)
    attempt = services.provider_attempts.recognise(request.cookies.get(services.provider_attempts.cookie_name))
    visitor = _visitor(request)
    wait = services.attempts.begin(visitor, time.time())
    if wait > 0:
        return _slow_down(request, wait)
    failed = True
    try:
        found = await _person(request, services, provider, attempt)
        failed = isinstance(found, Refusal)
    except ProviderAwayError as error:
        failed = False
        return _away(request, services, provider, error)
    finally:
        services.attempts.end(visitor, failed=failed)
    answer = (
        _refuse(request, provider, found) if isinstance(found, Refusal) else _let_in(request, services, found, attempt)
    )
    services.provider_attempts.forget(answer)
    return answer


@router.post(LOGOUT_PATH)
async def logged_out_there(
    request: Request, services: ServicesDep, logout_token: Annotated[str, Form(max_length=MAX_TOKEN)] = ""
) -> Response:
    """End the logins of a person whose login at the provider has ended; the provider itself sends this form."""
    provider = _provider(services)
    visitor = _visitor(request)
    if services.attempts.begin(visitor, time.time()) > 0:
        return Response(status_code=429)
    failed = True
    try:
        subject = await provider.ended(logout_token)
        failed = False
    except LoginRefusedError as error:
        _count(error.refusal)
        return Response(status_code=400)
    except ProviderAwayError as error:
        failed = False
        get_logger().warning("provider_away", reason=error.what)
        return Response(status_code=503)
    finally:
        services.attempts.end(visitor, failed=failed)
    await run_in_threadpool(
        services.store.provider_accounts.end_logins,
        provider.issuer,
        subject_hash(provider.issuer, subject),
        request_id=request.state.request_id,
    )
    return Response(status_code=200)


def _visitor(request: Request) -> Visitor:
    """Return the visitor of this request under a name of its own, so that the address is limited and no account is."""
    return Visitor(request.state.request_id, client_address(request))


def _provider(services: Services) -> Provider:
    if services.provider is None:
        raise HTTPException(404)
    return services.provider


async def _person(
    request: Request, services: Services, provider: Provider, attempt: Attempt | None
) -> Viewer | Refusal:
    """Return the person, or why they stay out; a refusal is counted for the trail."""
    accounts = services.store.provider_accounts
    try:
        person = await provider.person(_unused(services, attempt), dict(request.query_params))
    except LoginRefusedError as error:
        accounts.denied()
        return error.refusal
    return await run_in_threadpool(accounts.let_in, person, request_id=request.state.request_id)


def _unused(services: Services, attempt: Attempt | None) -> Attempt:
    """Return the attempt, which is used from now on."""
    if attempt is None:
        raise LoginRefusedError(Refusal.NO_ATTEMPT)
    if not services.provider_attempts.use(attempt):
        raise LoginRefusedError(Refusal.USED)
    return attempt


def _let_in(request: Request, services: Services, viewer: Viewer, attempt: Attempt | None) -> Response:
    login.start_login(request.session, login.Login(viewer.user_id, viewer.generation), services.now())
    # A redirect would be part of the way from another site, on which a browser sends no strict cookie.
    return page(request, "logged_in.html", next_page="/" if attempt is None else attempt.next_page)


def _refuse(request: Request, provider: Provider, refusal: Refusal) -> Response:
    _count(refusal)
    sentence = _OWN_WORDS.get(refusal, _TRY_AGAIN).format(name=_sentence_start(provider.name))
    return message(request, 403, _NOT_LOGGED_IN, sentence, back="/login")


def _count(refusal: Refusal) -> None:
    PROVIDER_LOGINS_REFUSED.labels(reason=refusal.value).inc()
    get_logger().info("provider_login_refused", reason=refusal.value)


def _away(request: Request, services: Services, provider: Provider, error: ProviderAwayError) -> Response:
    get_logger().warning("provider_away", reason=error.what)
    instead = "You can log in with a password." if provider.allows_passwords else "Please try again in a minute."
    trouble = _AWAY.format(name=_sentence_start(provider.name), instead=instead)
    answer = login_page(request, services, status=503, trouble=trouble)
    answer.headers["Retry-After"] = "60"
    return answer


def _slow_down(request: Request, wait: float) -> Response:
    get_logger().warning("login_slowed_down", retry_after_s=round(wait))
    minutes = counted(int(wait // 60) + 1, "minute")
    answer = message(request, 429, _NOT_LOGGED_IN, f"Too many tries. Please wait {minutes}.", back="/login")
    answer.headers["Retry-After"] = str(round(wait))
    return answer


def _sentence_start(name: str) -> str:
    return name[:1].upper() + name[1:]
