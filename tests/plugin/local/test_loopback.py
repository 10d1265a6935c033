"""Ports are free and handed out once; an answer is a success from this machine itself."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from plugin.local import loopback
from plugin.local.loopback import free_ports, is_listening, responds


class Page(http.server.BaseHTTPRequestHandler):
    """Answers /good with success and everything else with an error."""

    def do_GET(self) -> None:
        """Answer by the path."""
        self.send_response(200 if self.path == "/good" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Write no log line."""


@pytest.fixture
def page() -> Iterator[str]:
    """The base URL of a running page."""
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_ports_are_distinct_and_never_handed_out_twice() -> None:
    """A port is never given to two services of one run, even before they listen."""
    ports = free_ports(3) + free_ports(3)
    assert len(set(ports)) == 6


def test_a_port_in_use_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that another program listens on is not handed out."""
    used, free = free_ports(2)
    monkeypatch.setattr(loopback, "PORTS", [used, free])
    monkeypatch.setattr(loopback, "_handed_out", set())
    with socket.create_server(("127.0.0.1", used)):
        assert free_ports(1) == [free]


def test_ports_lie_outside_the_range_of_outgoing_connections() -> None:
    """Ports lie outside the range of outgoing connections, which could take one between choice and use."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:  # noqa: PTH123 - one number of one line
        lowest = int(limits.read().split()[0])
    assert max(loopback.PORTS) < lowest


def test_a_port_listens_when_somebody_accepts() -> None:
    """Used for what speaks no HTTP."""
    (port,) = free_ports(1)
    assert not is_listening(port)
    with socket.create_server(("127.0.0.1", port)):
        assert is_listening(port)


def test_an_error_page_does_not_count_as_ready(page: str) -> None:
    """A readiness page that refuses is an answer no."""
    assert responds(f"{page}/good")
    assert not responds(f"{page}/bad")


def test_nobody_there_is_no_answer() -> None:
    """A refused connection is not an error of the caller."""
    assert not responds(f"http://127.0.0.1:{free_ports(1)[0]}/")


def test_a_proxy_of_the_environment_is_not_asked(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company proxy the ready checks must still reach this machine."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_ports(1)[0]}")
    loopback._client.cache_clear()
    assert responds(f"{page}/good")
