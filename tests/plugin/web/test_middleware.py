"""Tests of the request middleware: id, headers, limit on bodies, log line and the page for a fault."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs
from structlog.typing import EventDict

from plugin.web.middleware import MAX_BODY_BYTES, SECURITY_HEADERS, RequestMiddleware


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer "hello"; raise for `/fault` before the answer and for `/half` after its start."""
    if scope["path"] == "/fault":
        raise ValueError("words of a client")
    await PlainTextResponse("hello")(scope, receive, send)
    if scope["path"] == "/half":
        raise ValueError("words of a client")


def excuse(request: Request) -> Response:
    """Stand in for the page that says that something went wrong."""
    return PlainTextResponse(f"sorry, {request.state.request_id}", 500)


def refuse(_request: Request, status: int, sentence: str) -> Response:
    """Stand in for the answer to a body that is not taken."""
    return PlainTextResponse(sentence, status)


@pytest.fixture
async def client() -> httpx.AsyncClient:
    """Return a client of the wrapped application; every request gets the id "id-7"."""
    guard = RequestMiddleware(application, new_id=lambda: "id-7", on_error=excuse, on_refusal=refuse)
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://page")


@pytest.fixture
def log() -> Iterator[list[EventDict]]:
    """Yield the log lines written during a test, with their bound context variables."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.mark.parametrize("path", ["/", "/fault"])
async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    """Every answer has the security headers, and so has the page for a fault."""
    headers = (await client.get(path)).headers
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_the_policy_allows_our_own_files_and_nothing_else(client: httpx.AsyncClient) -> None:
    """The content security policy allows the style sheet and scripts of our own, and no frames around a page."""
    policy = (await client.get("/")).headers["content-security-policy"]
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed.pop("default-src") == "'none'"
    assert [allowed[name] for name in ("script-src", "connect-src", "style-src")] == ["'self'"] * 3
    assert set(allowed.values()) == {"'self'", "'none'"}
    assert allowed["frame-ancestors"] == allowed["base-uri"] == "'none'"


async def test_pages_are_kept_by_no_browser_and_no_proxy(client: httpx.AsyncClient) -> None:
    """Browsers must not store pages; they may store static files if they revalidate them."""
    assert (await client.get("/sessions/1")).headers["cache-control"] == "no-store"
    assert (await client.get("/static/style.css")).headers["cache-control"] == "no-cache"


async def test_every_answer_and_line_carries_the_request_id(client: httpx.AsyncClient, log: list[EventDict]) -> None:
    """Every answer and every log line has the request's id, so that people can quote it."""
    assert (await client.get("/")).headers["x-request-id"] == "id-7"
    assert [line["request_id"] for line in log] == ["id-7"]


async def test_a_line_never_holds_the_address_as_typed(client: httpx.AsyncClient, log: list[EventDict]) -> None:
    """A log line never contains the URL as typed, since people paste texts into the address bar."""
    await client.get("/words-of-a-client?q=more-words")
    assert "words" not in str(log)
    assert log[0]["status"] == 200


@pytest.mark.parametrize("path", ["/healthz"])
async def test_probes_are_not_logged(client: httpx.AsyncClient, log: list[EventDict], path: str) -> None:
    """Probes are not logged, since one a second would fill the log."""
    await client.get(path)
    assert log == []


async def test_a_fault_becomes_a_page_and_a_line_with_its_place(
    client: httpx.AsyncClient, log: list[EventDict]
) -> None:
    """An exception becomes a page with the request's id and a log line with the exception."""
    answer = await client.get("/fault")
    assert (answer.status_code, answer.text) == (500, "sorry, id-7")
    assert [line["event"] for line in log] == ["page_failed", "page_served"]
    assert isinstance(log[0]["exc_info"], ValueError)


async def test_a_fault_in_the_middle_of_an_answer_breaks_the_connection(client: httpx.AsyncClient) -> None:
    """An exception after the start of an answer is raised, so that the connection breaks."""
    with pytest.raises(ValueError, match="words of a client"):
        await client.get("/half")


async def test_a_body_that_is_too_long_is_refused_unread(client: httpx.AsyncClient) -> None:
    """A body over the limit is answered with 413."""
    assert (await client.post("/", content=b"x" * MAX_BODY_BYTES)).status_code == 200
    assert (await client.post("/", content=b"x" * (MAX_BODY_BYTES + 1))).status_code == 413


async def test_a_body_of_unknown_length_is_refused(client: httpx.AsyncClient) -> None:
    """A body without a declared length is answered with 411, since browsers always declare one."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x"

    answer = await client.post("/", content=chunks())
    assert answer.status_code == 411


async def test_a_length_that_is_no_number_is_refused(client: httpx.AsyncClient) -> None:
    """A negative length is answered with 413."""
    assert (await client.get("/", headers={"content-length": "-1"})).status_code == 413


async def test_other_asgi_scopes_are_passed_on() -> None:
    """Other ASGI scopes, such as the server's lifespan, are passed to the application."""
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> dict[str, object]:
        return {}

    async def send(_message: object) -> None:
        return None

    await RequestMiddleware(app, new_id=str, on_error=excuse, on_refusal=refuse)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]
