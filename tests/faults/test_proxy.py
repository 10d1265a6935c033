"""The proxy of the fault tests refuses, cuts, silences and delays connections as its methods say."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy
from tests.fixtures.waiting import eventually


class Echo(socketserver.BaseRequestHandler):
    """A request handler that sends back everything it receives."""

    def handle(self) -> None:
        """Serve one connection until the client closes it."""
        while said := self.request.recv(1024):
            self.request.sendall(said)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Yield a proxy to an echo server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Proxy(server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()


def call(proxy: Proxy) -> socket.socket:
    """Open a connection through the proxy."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def echoes(line: socket.socket, within_s: float = 5.0) -> bool:
    """Return whether a message comes back over the connection in time."""
    line.settimeout(within_s)
    try:
        line.sendall(b"hello")
        return line.recv(5) == b"hello"
    except OSError:
        return False


def test_bytes_pass_in_both_directions(proxy: Proxy) -> None:
    """The proxy passes bytes both ways, over several connections at once."""
    with call(proxy) as one, call(proxy) as other:
        assert echoes(one)
        assert echoes(other)


def test_refused_is_refused_until_it_passes_again(proxy: Proxy) -> None:
    """A refusal ends open connections and refuses new ones, until the proxy passes again on the same port."""
    with call(proxy) as line:
        assert echoes(line)  # else the proxy may accept it only while it begins to refuse
        proxy.refuse()
        assert not echoes(line)
    with pytest.raises(ConnectionRefusedError):
        call(proxy)
    proxy.restore()
    with call(proxy) as line:
        assert echoes(line)


def test_a_cut_ends_open_connections_alone(proxy: Proxy) -> None:
    """A cut ends the open connections, and new ones are accepted."""
    with call(proxy) as line:
        assert echoes(line)
        proxy.cut()
        assert not echoes(line)
    with call(proxy) as line:
        assert echoes(line)


def test_a_black_hole_takes_and_says_nothing(proxy: Proxy) -> None:
    """A black hole accepts connections and passes nothing; once it passes again, the old connections have ended."""
    with call(proxy) as line, call(proxy) as new:
        assert echoes(line)
        proxy.black_hole()
        assert not echoes(line, within_s=0.3)
        assert not echoes(new, within_s=0.3)
        proxy.restore()
        assert eventually(lambda: not echoes(line, within_s=0.1))
    with call(proxy) as line:
        assert echoes(line)


def test_a_delay_applies_in_each_direction(proxy: Proxy) -> None:
    """A delay applies in each direction, so that an echo takes twice as long."""
    with call(proxy) as line:
        assert echoes(line)
        proxy.delay(0.2)
        begun = time.monotonic()
        assert echoes(line)
        assert time.monotonic() - begun >= 0.4


def test_without_a_server_the_connection_ends() -> None:
    """A connection ends when nothing listens behind the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with Proxy(port) as proxy, call(proxy) as line:
        assert not echoes(line)
