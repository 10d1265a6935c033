"""Tests of the reading of request bodies within limits of size and time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import Request
from starlette.types import Message

from plugin.gateway import body
from tests.plugin.gateway.gateways import pieces

LIMIT = 100


def request(parts: list[bytes], *, then: str = "end", declared: str | None = None) -> tuple[Request, list[int]]:
    """Return a request whose body comes in parts and then ends, hangs or breaks, with a list of the parts taken."""
    taken: list[int] = []

    async def receive() -> Message:
        if len(taken) < len(parts):
            taken.append(1)
            more = then != "end" or len(taken) < len(parts)
            return {"type": "http.request", "body": parts[len(taken) - 1], "more_body": more}
        if then == "hang":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    headers = [] if declared is None else [(b"content-length", declared.encode())]
    call: Callable[[], Awaitable[Message]] = receive
    return Request({"type": "http", "method": "POST", "headers": headers}, call), taken


async def refused(asked: Request) -> int:
    """Return the status with which a body is refused."""
    with pytest.raises(body.BodyRejected) as refusal:
        await body.read_body(asked, LIMIT)
    return refusal.value.status


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_body_within_the_limit_is_read_however_it_is_cut(size: int) -> None:
    """A body within the limit is read whole, whatever its chunks."""
    raw = bytes(range(100))
    asked, _ = request(list(pieces(raw, size)))
    assert await body.read_body(asked, LIMIT) == raw


async def test_an_empty_body_is_empty() -> None:
    """An empty body is read as empty bytes."""
    asked, _ = request([b""])
    assert await body.read_body(asked, LIMIT) == b""


async def test_a_declared_length_over_the_limit_is_refused_before_reading() -> None:
    """A declared length over the limit is refused before any of the body is read."""
    asked, taken = request([b"x" * 10], declared="101")
    assert await refused(asked) == 413
    assert taken == []


@pytest.mark.parametrize("declared", [None, "5", "-1", "x", "१०१"])
async def test_a_body_over_the_limit_is_refused_whatever_it_declares(declared: str | None) -> None:
    """Reading stops with the part that exceeds the limit, whatever length was declared."""
    asked, taken = request([b"x" * 60] * 10, declared=declared)
    assert await refused(asked) == 413
    assert len(taken) == 2


async def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not end in time is refused with 408."""
    monkeypatch.setattr(body, "READ_S", 0.02)
    asked, _ = request([b"x"], then="hang")
    assert await refused(asked) == 408


async def test_a_sender_that_disconnects_is_no_internal_error() -> None:
    """A sender that disconnects is answered with 400, not with a server error."""
    asked, _ = request([b"x"], then="leave")
    assert await refused(asked) == 400


@pytest.mark.parametrize("declared", ["101", "9" * 19, "9" * 6_000])
async def test_a_declared_length_of_any_size_is_refused_unread(declared: str) -> None:
    """A declared length of thousands of digits, which Python refuses to convert, is refused unread."""
    asked, taken = request([b"x"], declared=declared)
    assert await refused(asked) == 413
    assert taken == []
