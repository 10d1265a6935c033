"""Connections are bounded in number and time, and none that waits for its client keeps another one out."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest
import uvicorn
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from plugin import http_connections
from plugin.http_connections import (
    ACCEPTED_AT_ONCE,
    OTHER_FILES,
    BoundedServer,
    Crowd,
    address_of,
    bounded_protocol,
    listen,
    require_open_files,
)
from stream.contracts.errors import Misconfigured
from tests.fixtures.waiting import DEADLOCK_S, until

LIMIT = 16
SHARE = 12
WHOLE = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
UNFINISHED = {
    "nothing": b"",
    "half a header": b"POST /read HTTP/1.1\r\nHos",
    "half a body": b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    "a chunk without its end": b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "a body answered early": b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
}

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Served:
    """A server in this process whose path `/held` answers once `release` is set."""

    port: int
    release: asyncio.Event
    held: int = 0
    """Requests to `/held` so far that have come whole."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, sent: bytes, source: str = "127.0.0.1") -> Connection:
        """Open a connection from an address of this machine and send bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        self.writers.append(writer)
        writer.write(sent)
        return reader, writer

    async def answer(self, sent: bytes = WHOLE, source: str = "127.0.0.1") -> bytes:
        """Return the first line of the answer, or nothing if the connection was closed."""
        reader, _ = await self.connect(sent, source)
        return await first_line(reader)


@asynccontextmanager
async def served(limit: int = LIMIT) -> AsyncIterator[Served]:
    """Serve until the block ends."""
    release = asyncio.Event()

    async def read(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def early(_request: Request) -> Response:
        return PlainTextResponse("no", 401)

    async def held(request: Request) -> Response:
        await request.body()
        made.held += 1
        await release.wait()
        return PlainTextResponse("at last")

    routes = [Route(f"/{name}", endpoint, methods=["POST"]) for name, endpoint in
              (("read", read), ("early", early), ("held", held))]  # fmt: skip
    config = uvicorn.Config(
        Starlette(routes=routes),
        backlog=ACCEPTED_AT_ONCE,
        http=bounded_protocol(limit),
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = BoundedServer(config)
    listener = listen("127.0.0.1", 0, "web")
    running = asyncio.create_task(server._serve([listener]))
    made = Served(listener.getsockname()[1], release)
    async with asyncio.timeout(DEADLOCK_S):
        await until(lambda: server.started)
        yield made
        release.set()
        for writer in made.writers:
            writer.transport.abort()
        server.should_exit = True
        await running


async def first_line(reader: asyncio.StreamReader) -> bytes:
    """Return the first line that comes, or nothing if the connection is closed before."""
    try:
        return (await reader.readline()).strip()
    except ConnectionError:
        return b""


async def is_closed(connection: Connection) -> bool:
    """Wait until the server closes a connection, reading what it sends before."""
    try:
        while await connection[0].read(65_536):
            pass
    except ConnectionError:
        pass
    return True


def closed(reason: str) -> float:
    """Return how many connections were closed for a reason."""
    return REGISTRY.get_sample_value("counterpoint_connections_closed_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED.keys())
async def test_a_request_that_does_not_end_is_not_waited_for(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection whose request does not come to its end in time is closed and counted."""
    monkeypatch.setattr(http_connections, "HEADERS_S", 0.05)
    monkeypatch.setattr(http_connections, "EXCHANGE_S", 0.2)
    before = closed("slow")
    async with served() as server:
        assert await is_closed(await server.connect(sent))
        assert closed("slow") == before + 1
        assert await server.answer() == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "sent", [b"POST /read HTTP/1.1\r\nX: ", b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"]
)
async def test_bytes_that_trickle_win_no_time(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header or a body that comes byte by byte has the same time as one that does not come, answered or not."""
    monkeypatch.setattr(http_connections, "HEADERS_S", 0.2)
    monkeypatch.setattr(http_connections, "EXCHANGE_S", 0.4)
    async with served() as server:
        reader, writer = await server.connect(sent)

        async def trickle() -> None:
            while True:
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.02)

        with pytest.raises(ConnectionError):
            await trickle()
        assert reader.at_eof() or reader.exception() is not None or await is_closed((reader, writer))


async def test_a_kept_connection_has_its_full_time_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests on one connection, one after the other or at once, are answered for longer than one of them may take."""
    monkeypatch.setattr(http_connections, "HEADERS_S", 1.5)
    monkeypatch.setattr(http_connections, "EXCHANGE_S", 1.5)
    async with served() as server:
        reader, writer = await server.connect(WHOLE * 3)
        for _ in range(5):  # a slow machine may rest five times as long between two of them
            writer.write(WHOLE)
            await asyncio.sleep(0.3)
        writer.write(WHOLE.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        assert (await reader.read()).count(b"HTTP/1.1 200 OK") == 9


async def test_the_rest_of_a_body_that_was_answered_early_is_taken_and_the_connection_goes_on() -> None:
    """A sender that gets its refusal before it has sent its body reads it, and may use the connection again."""
    async with served() as server:
        reader, writer = await server.connect(UNFINISHED["a body answered early"])
        assert await first_line(reader) == b"HTTP/1.1 401 Unauthorized"
        writer.write(b"x" * 96 + WHOLE)
        assert await reader.readuntil(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED.keys())
async def test_whoever_waits_longest_makes_room(sent: bytes) -> None:
    """At the share of an address its oldest connection that waits for its client is closed, and the new one served."""
    async with served() as server:
        slow = [await server.connect(sent) for _ in range(SHARE)]
        before = closed("crowded")
        assert await server.answer() == b"HTTP/1.1 200 OK"
        assert await is_closed(slow[0])
        assert closed("crowded") == before + 1


async def test_one_address_cannot_take_the_place_of_another() -> None:
    """An address keeps to its share, and another one's connections stay open however many the first one opens."""
    async with served() as server:
        others = [await server.connect(b"POST /re", "127.0.0.2") for _ in range(LIMIT - SHARE)]
        for _ in range(5 * LIMIT):
            await server.connect(b"POST /re", "127.0.0.3")
        for reader, writer in others:
            writer.write(WHOLE.removeprefix(b"POST /re"))
            assert await first_line(reader) == b"HTTP/1.1 200 OK"


async def test_at_the_bound_the_busiest_address_makes_room() -> None:
    """With every place taken, a new address is let in at the cost of the address that holds most."""
    async with served() as server:
        few = [await server.connect(b"POST /re", "127.0.0.2") for _ in range(LIMIT - SHARE)]
        many = [await server.connect(b"POST /re", "127.0.0.3") for _ in range(SHARE)]
        assert await server.answer(WHOLE, "127.0.0.4") == b"HTTP/1.1 200 OK"
        assert await is_closed(many[0])
        for reader, writer in few:
            writer.write(WHOLE.removeprefix(b"POST /re"))
            assert await first_line(reader) == b"HTTP/1.1 200 OK"


async def test_no_request_that_has_come_whole_is_closed_for_another() -> None:
    """When every place is one where an answer is due, the newcomer is closed at once and counted."""
    async with served() as server:
        held = [await server.connect(WHOLE.replace(b"/read", b"/held")) for _ in range(SHARE)]
        await until(lambda: server.held == SHARE)
        before = closed("refused")
        assert await server.answer() == b""
        assert closed("refused") == before + 1
        server.release.set()
        for reader, _ in held:
            assert await first_line(reader) == b"HTTP/1.1 200 OK"


async def test_a_client_that_does_not_read_makes_room_too() -> None:
    """A client that sends requests without end and reads no answer holds no place that another one needs."""
    async with served() as server:
        for _ in range(SHARE):
            await server.connect(WHOLE * 60_000)
        await asyncio.sleep(0.2)
        assert await server.answer() == b"HTTP/1.1 200 OK"


async def test_what_is_no_http_is_answered_in_the_form_of_all_refusals() -> None:
    """Bytes that are no HTTP get a 400 in JSON, without any of them in it, and are counted."""
    before = closed("malformed")
    async with served() as server:
        reader, _ = await server.connect(b"canary \x00\r\n\r\n")
        answer = await reader.read()
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/json" in head
    assert content == b'{"error": "bad_request", "wanted": "HTTP/1.1"}'
    assert closed("malformed") == before + 1


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("203.0.113.9", 4711), "203.0.113.9"),
        (("::ffff:203.0.113.9", 4711, 0, 0), "203.0.113.9"),
        (("2001:db8:1:2:3:4:5:6", 4711, 0, 0), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:9:9:9:9", 4711, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::/64"),
        ("/run/socket", ""),
        (None, ""),
    ],
)
def test_a_share_belongs_to_whom_addresses_are_given(peer: object, address: str) -> None:
    """An IPv4 address has a share of its own, and the network of an IPv6 subscriber has one share."""
    assert address_of(peer) == address


def test_a_share_is_never_nothing() -> None:
    """An address may have at least one connection, even at a bound of one."""
    assert (Crowd(1).share, Crowd(16).share) == (1, 12)


class TestOpenFiles:
    """Tests of the limit of open files, past which no connection would be answered."""

    NEEDED = LIMIT + 2 * ACCEPTED_AT_ONCE + OTHER_FILES

    def changed(self, soft: int, hard: int) -> list[tuple[int, int]]:
        """Return to what the limits are set from these."""
        done: list[tuple[int, int]] = []
        limits: Any = {"read": lambda: (soft, hard), "write": done.append}
        require_open_files(LIMIT, "gateway.max_connections", **limits)
        return done

    def test_a_limit_that_is_high_enough_stays(self) -> None:
        """Limits that are high enough, or none, stay as they are."""
        assert self.changed(self.NEEDED, self.NEEDED) == []
        assert self.changed(resource.RLIM_INFINITY, resource.RLIM_INFINITY) == []

    @pytest.mark.parametrize("hard", [100_000, resource.RLIM_INFINITY])
    def test_a_soft_limit_is_raised(self, hard: int) -> None:
        """A soft limit is raised as far as needed."""
        assert self.changed(100, hard) == [(self.NEEDED, hard)]

    def test_a_hard_limit_that_is_too_low_is_a_sentence(self) -> None:
        """A limit that this process may not raise is reported with the setting and what to do."""
        with pytest.raises(Misconfigured, match=f"gateway.max_connections = {LIMIT} needs {self.NEEDED} open files"):
            self.changed(100, self.NEEDED - 1)


@pytest.mark.parametrize("path", ["read", "early", "held"])
@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_body_that_is_no_http_gets_one_answer(path: str, pieces: int, caplog: pytest.LogCaptureFixture) -> None:
    """A malformed body, with its headers or after them, gets one answer, whether or not the headers had one already."""
    head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    async with served() as server:
        reader, writer = await server.connect(head if pieces == 2 else head + b"zz\r\n")
        if pieces == 2:
            await asyncio.sleep(0.05)
            writer.write(b"zz\r\n")
        answer = await reader.read()
    assert answer.count(b"content-length") == 1
    assert not any(record.exc_info and record.exc_info[0] is h11.LocalProtocolError for record in caplog.records)
