"""The connections of an HTTP server that anybody can reach: bounded in number, shared among addresses, never endless.

uvicorn waits without end for a header that does not come, and its own bound counts requests whose header has come. Both
can be mended only where bytes arrive, so this is a protocol class of uvicorn's with a clock and a crowd beside it.
"""

import asyncio
import ipaddress
import json
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from stream.contracts.errors import Misconfigured
from stream.runtime.metrics import CONNECTIONS_CLOSED

HEADERS_S: Final = 10.0
"""Seconds from a connection, or from the first byte of a further request, to the end of the request's headers."""
EXCHANGE_S: Final = 30.0
"""Seconds from the same moment until the request has come and is answered. The gateway needs 10 for a body that only
just comes in time, and 4 for a broker that does not answer."""
BACKLOG: Final = 1024
"""Connections that the kernel keeps for us until they are accepted; a storm of them must not cost a sender a retry."""
ACCEPTED_AT_ONCE: Final = 32
"""Connections accepted before what the ones before them sent is read. Were it as many as an address may hold, a storm
of them would close a sender's connection unread."""
OTHER_FILES: Final = 128
"""Open files of a stage beside its connections: broker, database, logs, libraries."""
_SHARE: Final = 0.75
_REQUEST_ON_ITS_WAY: Final = (h11.IDLE, h11.SEND_BODY)


def address_of(peer: object) -> str:
    """Return whose share a peer takes: an IPv4 address, or the /64 network that an IPv6 subscriber owns."""
    host = str(peer[0]) if isinstance(peer, tuple) and peer else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


@dataclass
class Crowd:
    """All open connections of one server. At the bound, who has waited longest for its client makes room.

    An address may hold three quarters of the bound. A request that has come whole is never closed for another: there is
    somebody who waits for its answer.
    """

    limit: int
    _by_address: dict[str, dict["BoundedProtocol", None]] = field(default_factory=dict)
    """Of each address, the connection first whose latest exchange began first: nobody has time to look for it."""

    @property
    def share(self) -> int:
        """The most connections that one address may hold."""
        return max(1, round(self.limit * _SHARE))

    def admit(self, new: "BoundedProtocol") -> bool:
        """Take a connection in, closing another where it must be; return False if none may be closed."""
        of_address = self._by_address.get(new.address, {})
        if len(of_address) >= self.share:
            rivals = [of_address]
        elif sum(map(len, self._by_address.values())) >= self.limit:
            rivals = sorted(self._by_address.values(), key=len, reverse=True)
        else:
            rivals = []
        if rivals:
            longest = next((one for some in rivals for one in some if one.waits), None)
            if longest is None:
                return False
            longest.drop("crowded")
        self._by_address.setdefault(new.address, {})[new] = None
        return True

    def put_last(self, connection: "BoundedProtocol") -> None:
        """Note that an exchange on a connection begins only now."""
        of_address = self._by_address.get(connection.address, {})
        if connection in of_address:
            del of_address[connection]
            of_address[connection] = None

    def leave(self, connection: "BoundedProtocol") -> None:
        """Forget a connection that has ended."""
        of_address = self._by_address.get(connection.address, {})
        of_address.pop(connection, None)
        if not of_address:
            self._by_address.pop(connection.address, None)


class BoundedProtocol(H11Protocol):
    """A connection with deadlines. uvicorn's own timer ends the silence between two requests; this one all the rest."""

    def __init__(self, *, crowd: Crowd, **given: Any) -> None:
        super().__init__(**given)
        self._crowd = crowd
        self._deadline: asyncio.TimerHandle | None = None
        self.address = ""

    @property
    def waits(self) -> bool:
        """Whether we owe the client nothing: more of a request is to come, or answers are there to be read.

        A client that sends requests ahead of our answers waits too: it could keep us busy without end.
        """
        is_answering = self.cycle is not None and not self.cycle.response_complete
        is_flooding = self.flow.write_paused or self.flow.read_paused
        return not is_answering or is_flooding or self.conn.their_state in _REQUEST_ON_ITS_WAY

    def drop(self, reason: str) -> None:
        """Close the connection at once, whatever has not been sent yet."""
        CONNECTIONS_CLOSED.labels(reason).inc()
        self._crowd.leave(self)
        self._cancel()
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Take the connection in, or close it at once."""
        super().connection_made(transport)
        self.address = address_of(transport.get_extra_info("peername"))
        if self._crowd.admit(self):
            self._begin()
        else:
            self.drop("refused")

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another connection."""
        self._crowd.leave(self)
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Begin to count at the first bytes of a further request."""
        if self._deadline is None:
            self._begin()
        rest_was_due = self.conn.their_state is h11.SEND_BODY
        super().data_received(data)
        if rest_was_due and self.conn.their_state is h11.IDLE:
            self._begin()  # the rest of a body that was answered early has come: the next request has its own time

    def on_response_complete(self) -> None:
        """Stop counting once both sides are done, and begin again if the next request is here already."""
        super().on_response_complete()
        if self.conn.our_state is h11.IDLE and self.conn.their_state is h11.IDLE:
            self._cancel()
            self._crowd.put_last(self)
        elif self.conn.our_state is not h11.DONE:  # DONE: the answer came before the end of the body
            self._begin()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the form of every other refusal, unless it is answered already, and count it."""
        del msg
        CONNECTIONS_CLOSED.labels("malformed").inc()
        if self.cycle is not None:
            self.cycle.disconnected = True  # whatever the application still has to say would come second
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            content = json.dumps({"error": "bad_request", "wanted": "HTTP/1.1"}).encode()
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
                (b"connection", b"close"),
            ]
            for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=content), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _begin(self) -> None:
        self._cancel()
        self._crowd.put_last(self)
        self._deadline = self.loop.call_later(HEADERS_S, self._headers_are_due)

    def _headers_are_due(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.drop("slow")
        else:
            self._deadline = self.loop.call_later(EXCHANGE_S - HEADERS_S, partial(self.drop, "slow"))

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class BoundedServer(uvicorn.Server):
    """uvicorn with few connections accepted at once and many kept by the kernel; for asyncio the two are one number."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start with `sockets`, which `listen` has made."""
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)


def listen(host: str, port: int, section: str) -> socket.socket:
    """Return a socket that listens on an address; `section` names the settings that the address comes from.

    Raises:
        Misconfigured: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Misconfigured(
            f"The {section} stage cannot listen on {host}:{port} ({error.strerror}). Set {section}.host and"
            f" {section}.port."
        ) from None
    # Connections inherit the option. asyncio sets it only on sockets of its own; without it every answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def bounded_protocol(limit: int) -> type[asyncio.Protocol]:
    """Return what uvicorn calls to make each connection of one server that may have `limit` of them at once."""
    return cast("type[asyncio.Protocol]", partial(BoundedProtocol, crowd=Crowd(limit)))


def require_open_files(
    limit: int,
    setting: str,
    *,
    read: Callable[[], tuple[int, int]] = lambda: resource.getrlimit(resource.RLIMIT_NOFILE),
    write: Callable[[tuple[int, int]], None] = lambda limits: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
) -> None:
    """Let this process open as many files as `limit` connections need: past the file limit nobody is answered.

    Raises:
        Misconfigured: the machine does not allow that many; `setting` names where `limit` comes from.
    """
    needed = limit + 2 * ACCEPTED_AT_ONCE + OTHER_FILES  # as many just accepted, and as many just closed
    soft, hard = read()
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Misconfigured(
            f"{setting} = {limit} needs {needed} open files, and this process may open {hard}. Raise the limit"
            " (ulimit -n, LimitNOFILE, or ulimits of the container), or lower the setting."
        )
    write((needed, hard))
