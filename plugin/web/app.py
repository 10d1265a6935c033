"""The web stage: the FastAPI application and the server that runs it."""

import signal
import time
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware

from plugin.queue.store import Store, open_store
from plugin.web import auth_routes, pages, probes
from plugin.web.attempts import LoginAttempts
from plugin.web.dependencies import LoginRequired, Services
from plugin.web.login import LIFETIME_S
from plugin.web.middleware import RequestMiddleware
from plugin.web.render import FOLDER, Pages, message
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.settings import Settings, required_secret

MIN_SECRET_LENGTH = 32  # characters; 16 random ones would be enough, but people type words
STOP_WITHIN_S = 5  # a page is answered in well under a second; a slower client has lost the network


def create_app(settings: Settings, store: Store, *, now: Callable[[], float] = time.time) -> FastAPI:
    """Create the web application around `store`; `now` gives seconds since 1970.

    Raises:
        Misconfigured: The secret that signs the login cookie is missing or too short.
    """
    secret = required_secret(settings.web.session_secret, "web.session_secret")
    if len(secret) < MIN_SECRET_LENGTH:
        raise Misconfigured(f"web.session_secret is too short: it needs {MIN_SECRET_LENGTH} random characters or more.")
    app = FastAPI(title="Counterpoint", openapi_url=None, redirect_slashes=False)
    app.state.services = Services(store, LoginAttempts(), now, Health(ReadinessPart.DATABASE))
    app.state.pages = Pages(demo=settings.demo)
    secure = settings.web.cookie_secure
    app.add_middleware(
        SessionMiddleware,
        secret_key=secret,
        # With this prefix a browser accepts the cookie only from this exact host and only over HTTPS.
        session_cookie="__Host-counterpoint" if secure else "counterpoint",
        max_age=LIFETIME_S,
        same_site="strict",
        https_only=secure,
    )
    app.add_middleware(RequestMiddleware, new_id=lambda: str(uuid4()), on_error=_internal_error)
    app.add_exception_handler(LoginRequired, _redirect_to_login)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(Unavailable, _unavailable)
    for router in (auth_routes.router, pages.router, probes.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    return app


def run(settings: Settings) -> int:
    """Serve the pages until SIGTERM or SIGINT and return the exit status.

    Raises:
        Misconfigured: A setting that the stage needs is missing or wrong.
    """
    with open_store(settings) as store:
        return _serve(settings, create_app(settings, store))


def _serve(settings: Settings, app: FastAPI) -> int:
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.web.host,
            port=settings.web.port,
            access_log=False,  # a URL may contain text that a person typed; RequestMiddleware logs the route instead
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # After its orderly shutdown uvicorn raises the signal again, which would kill the process without this handler.
        signal.signal(number, lambda *_: None)
    server.run()
    return 0 if server.started else 1


def _redirect_to_login(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/login", 303)


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
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
