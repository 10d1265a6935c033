"""A client that sends any bytes to an ASGI application, including headers that no HTTP library would send."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class AsgiResponse:
    """The status and the body of an answer."""

    status: int
    body: bytes


@dataclass
class RawRequest:
    """A request as raw parts; `hangs_up` ends it before its body is complete."""

    path: str
    headers: RawHeaders
    pieces: tuple[bytes, ...]
    method: str = "POST"
    hangs_up: bool = False

    def _events(self) -> Iterable[Message]:
        for number, piece in enumerate(self.pieces, start=1):
            more = self.hangs_up or number < len(self.pieces)
            yield {"type": "http.request", "body": piece, "more_body": more}
        yield {"type": "http.disconnect"}


async def send_request(app: ASGIApp, request: RawRequest) -> AsgiResponse:
    """Send a request and return the whole answer; exceptions of the application are raised."""
    events = iter(request._events())
    status, body = 0, bytearray()

    async def receive() -> Message:
        return next(events)

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        body.extend(message.get("body", b""))

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode("utf-8", "surrogateescape"),
        "query_string": b"",
        "root_path": "",
        "headers": request.headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    return AsgiResponse(status, bytes(body))
