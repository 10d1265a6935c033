"""A request body is read within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import Request
from starlette.types import Message

from plugin.gateway import body
from tests.plugin.gateway.gateways import pieces

LIMIT = 100


def request(parts: list[bytes], *, then: str = "end", declared: str | None = None) -> tuple[Request, list[int]]:
    """A request whose body comes in parts, and how many of them were taken; `then` it ends, hangs or breaks."""
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
    """The status with which a body is refused."""
    with pytest.raises(body.Refused) as refusal:
        await body.read(asked, LIMIT)
    return refusal.value.status


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_body_within_the_limit_is_read_however_it_is_cut(size: int) -> None:
    """Chunks are the transport's affair."""
    raw = bytes(range(100))
    asked, _ = request(list(pieces(raw, size)))
    assert await body.read(asked, LIMIT) == raw


async def test_an_empty_body_is_empty() -> None:
    """Its signature will not hold; that is for others to say."""
    asked, _ = request([b""])
    assert await body.read(asked, LIMIT) == b""


async def test_a_declared_length_over_the_limit_is_refused_before_reading() -> None:
    """Not a byte is taken."""
    asked, taken = request([b"x" * 10], declared="101")
    assert await refused(asked) == 413
    assert taken == []


@pytest.mark.parametrize("declared", [None, "5", "-1", "x", "१०१"])
async def test_a_body_over_the_limit_is_refused_whatever_it_declares(declared: str | None) -> None:
    """Chunked, understated or nonsense: reading stops with the part that goes over."""
    asked, taken = request([b"x" * 60] * 10, declared=declared)
    assert await refused(asked) == 413
    assert len(taken) == 2


async def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow sender cannot hold us."""
    monkeypatch.setattr(body, "READ_S", 0.02)
    asked, _ = request([b"x"], then="hang")
    assert await refused(asked) == 408


async def test_a_sender_that_leaves_is_no_error_of_ours() -> None:
    """Nobody reads the answer."""
    asked, _ = request([b"x"], then="leave")
    assert await refused(asked) == 400


@pytest.mark.parametrize("declared", ["101", "9" * 19, "9" * 6_000])
async def test_a_declared_length_of_any_size_is_refused_unread(declared: str) -> None:
    """Thousands of digits too, which Python would not even read."""
    asked, taken = request([b"x"], declared=declared)
    assert await refused(asked) == 413
    assert taken == []
