"""Middleware that gives every request an id, security headers, a limit on its body and one log line.

The log line names the route as it is declared (`/sessions/{session_id}`), never the URL as it was typed.
"""

import time
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream.runtime.logging import get_logger

MAX_BODY_BYTES = 49_152
"""Our largest form is a new account: a password of 1024 characters typed twice, and five names of 200, each character
of up to 12 bytes once it is encoded."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STATIC = (
    "/static/"  # browsers may keep style, scripts and icon but must revalidate them; pages must not be stored at all
)
_QUIET = frozenset({"/healthz"})  # a probe arrives every second and would fill the log


class RequestMiddleware:
    """The outermost ASGI middleware, which wraps every request."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        new_id: Callable[[], str],
        on_error: Callable[[Request], Response],
        on_refusal: Callable[[Request, int, str], Response],
    ) -> None:
        """Wrap `app`; `on_error` answers a request that raised an unexpected exception, `on_refusal` a wrong body."""
        self._app = app
        self._new_id = new_id
        self._on_error = on_error
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it if its body is too long or of unknown length."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.monotonic()
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers["X-Request-ID"] = request_id
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith(_STATIC) else "no-store"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            refusal = _refusal(Headers(scope=scope))
            try:
                answer = self._app if refusal is None else self._on_refusal(Request(scope), *refusal)
                await answer(scope, receive, send_with_headers)
            except Exception as error:
                get_logger().error("page_failed", exc_info=error)
                if status is not None:
                    raise  # half of the page was sent, so the connection has to break
                await self._on_error(Request(scope))(scope, receive, send_with_headers)
            if scope["path"] not in _QUIET:
                _log(scope, status, time.monotonic() - started)


def _refusal(headers: Headers) -> tuple[int, str] | None:
    if "transfer-encoding" in headers:
        return 411, "A body must say its length."
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return 413, "The body is too long."
    return None


def _log(scope: Scope, status: int | None, seconds: float) -> None:
    path = getattr(scope.get("route"), "path", None)
    route = "none" if path is None else scope.get("root_path", "") + path  # what is mounted has a path of its own
    fields: dict[str, object] = {"route": route, "status": status}
    if viewer := scope["state"].get("viewer"):
        fields["user_id"] = str(viewer.user_id)
    get_logger().info("page_served", method=scope["method"], seconds=round(seconds, 4), **fields)
