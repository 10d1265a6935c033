"""The web stage: the FastAPI application and the server that runs it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from plugin import use_policy
from plugin.http_connections import ACCEPTED_AT_ONCE, BoundedServer, bounded_protocol, listen, require_open_files
from plugin.queue.passwords import dummy_hash
from plugin.queue.practice_views import Rater
from plugin.queue.rehearsal_views import Speaker
from plugin.queue.store import Store, open_store
from plugin.web import (
    account_pages,
    api_mount,
    auth_routes,
    calibrated_moment_pages,
    calibration_pages,
    criteria_pages,
    criterion_answer_pages,
    digest_pages,
    dispute_pages,
    glossary_page,
    handover_pages,
    health_page,
    look_pages,
    moments_pages,
    note_pages,
    pages,
    password_page,
    practice_pages,
    probes,
    provider_routes,
    queue_pages,
    rehearsal_pages,
    review_pages,
    risk_pages,
    rubric_note_pages,
    saved_view_pages,
    trail_pages,
    trend_pages,
    use_policy_page,
)
from plugin.web.attempts import LoginAttempts
from plugin.web.dependencies import LoginRequired, Services
from plugin.web.known_device import KnownDevices
from plugin.web.login import Expiry
from plugin.web.login_queue import LoginQueue
from plugin.web.middleware import RequestMiddleware
from plugin.web.practice_limit import PracticeLimit
from plugin.web.provider.attempt import Attempts
from plugin.web.provider.provider import Provider
from plugin.web.queue_address import InvalidAddress
from plugin.web.render import Pages, message
from plugin.web.session_secret import session_secret
from plugin.web.static_files import PageFiles, find_htmx
from stream.contracts.errors import CounterpointError, Unavailable
from stream.runtime.health import Health, ReadinessPart, serving
from stream.runtime.logging import get_logger
from stream.runtime.settings import Settings
from stream.runtime.stages import WEB

MAX_CONNECTIONS = 512  # a browser holds six; supervisors and therapists of one service are a few dozen at a time
TRAIL_EVERY_S = 30  # failed logins reach the audit trail this long after their window of ten minutes at the latest
STOP_WITHIN_S = 5  # a page is answered in well under a second; a slower client has lost the network


def create_app(
    settings: Settings,
    store: Store,
    *,
    now: Callable[[], float] = time.time,
    rater: Rater | None = None,
    speaker: Speaker | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """Create the web application around `store`; `now` gives seconds since 1970, `rater` rates what is practised.

    `speaker` words the turns of written clients. `transport` takes the place of the network to the provider at which
    people log in.

    Raises:
        Misconfigured: The secret that signs the login cookie is missing or too short, or the settings of the login at a
            provider do not fit together.
    """
    secret = session_secret(settings)
    secure = settings.web.cookie_secure
    app = FastAPI(title="Counterpoint", openapi_url=None, redirect_slashes=False, lifespan=_lifespan)
    app.state.services = Services(
        store,
        settings,
        LoginAttempts(),
        KnownDevices(secret, secure=secure),
        LoginQueue(),
        Provider(settings, now=now, transport=transport) if settings.oidc.issuer else None,
        Attempts(secret, secure=secure, now=now),
        Expiry(settings.web.login_lifetime_s, settings.web.login_idle_s),
        now,
        PracticeLimit(),
        rater,
        speaker,
    )
    htmx = find_htmx()
    if htmx is None:
        get_logger().warning("pages_without_htmx")  # each step then loads its page anew
    app.state.pages = Pages(demo=settings.demo, swaps=htmx is not None)
    app.add_middleware(
        SessionMiddleware,
        secret_key=secret,
        # With this prefix a browser accepts the cookie only from this exact host and only over HTTPS.
        session_cookie="__Host-counterpoint" if secure else "counterpoint",
        max_age=settings.web.login_lifetime_s,
        same_site="strict",
        https_only=secure,
    )
    app.add_middleware(
        RequestMiddleware, new_id=lambda: str(uuid4()), on_error=_internal_error, on_refusal=api_mount.refuse_body
    )
    if proxies := [str(network) for network in settings.web.trusted_proxies]:
        # The client is then the last address in X-Forwarded-For that is no trusted proxy's.
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    app.add_exception_handler(LoginRequired, _redirect_to_login)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(InvalidAddress, queue_pages.invalid_address)
    app.add_exception_handler(Unavailable, _unavailable)
    for router in (
        auth_routes.router,
        provider_routes.router,
        pages.router,
        queue_pages.router,
        review_pages.router,
        note_pages.router,
        handover_pages.router,
        saved_view_pages.router,
        criterion_answer_pages.router,
        dispute_pages.router,
        look_pages.router,
        risk_pages.router,
        moments_pages.router,
        calibration_pages.router,
        calibrated_moment_pages.router,
        health_page.router,
        digest_pages.router,
        practice_pages.router,
        rehearsal_pages.router,
        trend_pages.router,
        account_pages.router,
        password_page.router,
        criteria_pages.router,
        use_policy_page.router,
        glossary_page.router,
        rubric_note_pages.router,
        trail_pages.router,
        probes.router,
    ):
        app.include_router(router)
    api_mount.mount_api(app, app.state.services)
    app.mount("/static", PageFiles(htmx), name="static")
    return app


def run(settings: Settings, rater: Rater | None = None, speaker: Speaker | None = None) -> int:
    """Serve the pages until SIGTERM or SIGINT and return the exit status; `rater` and `speaker` as in `create_app`.

    Raises:
        Misconfigured: A setting that the stage needs is missing or wrong.
    """
    get_logger().info("use_policy", policy=use_policy.CORE)
    with open_store(settings) as store:
        server, health = (
            _server(create_app(settings, store, rater=rater, speaker=speaker)),
            Health(ReadinessPart.DATABASE),
        )

        def ask() -> None:
            if server.started:  # before that no page is served, whatever the database says
                probes.ask_database(health, store)

        with serving(health, *WEB.address(settings), ask=ask):
            return _serve(settings, server)


def _server(app: FastAPI) -> BoundedServer:
    require_open_files(MAX_CONNECTIONS, "The page's bound of connections")
    return BoundedServer(
        uvicorn.Config(
            app,
            http=bounded_protocol(MAX_CONNECTIONS),
            backlog=ACCEPTED_AT_ONCE,
            access_log=False,  # a URL may contain text that a person typed; RequestMiddleware logs the route instead
            log_config=None,
            proxy_headers=False,  # uvicorn would believe whoever asks from loopback; `create_app` knows whom to believe
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
    )


def _serve(settings: Settings, server: BoundedServer) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        # After its orderly shutdown uvicorn raises the signal again, which would kill the process without this handler.
        signal.signal(number, lambda *_: None)
    with listen(settings.web.host, settings.web.port, "web") as listener:
        server.run(sockets=[listener])
    return 0 if server.started else 1


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the hash that unknown names are checked against, and write failed logins while the application runs."""
    await run_in_threadpool(dummy_hash)
    services: Services = app.state.services
    writing = asyncio.create_task(_write_failed_logins(services.store))
    yield
    writing.cancel()
    for each in (services.rater, services.speaker):
        if each is not None:
            await each.close()


async def _write_failed_logins(store: Store) -> None:
    while True:
        await asyncio.sleep(TRAIL_EVERY_S)
        try:
            await run_in_threadpool(store.write_failed_logins)
        except CounterpointError as error:
            get_logger().warning("failed_logins_not_on_trail", error_type=type(error).__name__)


def _redirect_to_login(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/login", 303)


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.NOT_FOUND and api_mount.is_for_api(request):
        return api_mount.answer_unknown_path()
    if status == HTTPStatus.NOT_FOUND:
        return message(request, status, "Nothing here", "This page does not exist, or it is not for you to see.")
    if status == HTTPStatus.FORBIDDEN:
        return message(
            request, status, "Please try again", "That form was too old. Reload the page before it, then send it again."
        )
    return message(request, status, "That did not work", "The server cannot answer a request of this kind.")


def _invalid_request(request: Request, error: Exception) -> Response:
    """Answer a URL or a form that none of our pages produces, without repeating its content."""
    if isinstance(error, RequestValidationError) and any(e["loc"][0] == "path" for e in error.errors()):
        return _http_error(request, HTTPException(HTTPStatus.NOT_FOUND))
    return message(request, HTTPStatus.BAD_REQUEST, "That did not work", "The form was not filled in as expected.")


def _unavailable(request: Request, error: Exception) -> Response:
    get_logger().warning("page_unavailable", error_type=type(error).__name__)
    answer = message(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Just a moment",
        "The database does not answer. Nothing is lost; please try again in a minute.",
    )
    answer.headers["Retry-After"] = "60"
    return answer


def _internal_error(request: Request) -> Response:
    return message(
        request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", "The fault is ours and has been noted."
    )
