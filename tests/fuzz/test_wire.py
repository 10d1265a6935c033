"""Tests of bytes on the gateway's socket that are hardly HTTP: it refuses them, logs no error and keeps serving."""

import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from plugin.local.loopback import is_listening
from tests.fixtures.waiting import wait_until
from tests.fuzz.strategies import CANARY
from tests.plugin.gateway.test_server import Served

HEAD = b"POST /v1/sample/events HTTP/1.1\r\nHost: x\r\n"
ODD: dict[str, bytes] = {
    "nothing": b"",
    "garbage": bytes(range(256)) * 20,
    "a line without an end": b"GET " + b"/" * 200_000,
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    "line feeds alone": HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}",
    "a huge header": HEAD + b"X: " + b"x" * 300_000 + b"\r\n\r\n",
    "ten thousand headers": HEAD + b"".join(b"X%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
    "NUL in a header": HEAD + b"X: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "a header folded": HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "a header without a name": HEAD + b": x\r\nContent-Length: 2\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "a length of words": HEAD + b"Content-Length: two\r\n\r\n{}",
    "a length of six thousand digits": HEAD + b"Content-Length: " + b"9" * 6_000 + b"\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc",
    "length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HEAD + b"\r\n",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk of endless size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n{}",
    "a chunk that never comes": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
    "another transfer encoding": HEAD + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "an expectation": HEAD + b"Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}",
    "an upgrade": HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n{}",
    "a path with NUL": b"POST /v1/\x00/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "a path beyond ASCII": b"POST /v1/\xff\xfe/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "an absolute path": b"POST http://evil/v1/sample/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "broken percent signs": b"POST /v1/%zz%/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "a method of a thousand letters": b"A" * 1_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a body": HEAD + b"Content-Length: 100\r\n\r\n{" + CANARY.encode(),
    "three at once": (HEAD + b"Content-Length: 2\r\n\r\n{}") * 3,
}  # fmt: skip
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture(scope="module")
def served(run_dir: Path) -> Iterator[Served]:
    """Yield a gateway process without a broker, which accepts requests nevertheless."""
    with Served(run_dir / "wire", "127.0.0.1:1") as gateway:
        wait_until(lambda: is_listening(int(gateway.url.rpartition(":")[2])), "the gateway listens")
        yield gateway


def said(served: Served, sent: bytes) -> bytes:
    """Send bytes, close the sending side and return everything that comes back."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    answer = bytearray()
    with socket.create_connection((host, int(port)), 15) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                answer += part
        except OSError:  # the gateway closed the connection
            pass
    return bytes(answer)


@pytest.mark.parametrize("kind", ODD)
def test_odd_bytes_are_refused_and_the_gateway_goes_on(served: Served, kind: str) -> None:
    """Malformed bytes get no 5xx answer and none of their content back, and the next request is answered."""
    answer = said(served, ODD[kind])
    assert all(int(status) < 500 for status in STATUS.findall(answer)), answer[:200]
    assert CANARY.encode() not in answer
    assert httpx.get(f"{served.url}/healthz", trust_env=False).status_code == 200


def test_requests_with_accidents_are_refused_too(served: Served) -> None:
    """Requests in which random bytes were changed, lost or doubled get no 5xx answer."""
    chance = random.Random(4)
    good = HEAD + b"webhook-id: d\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AA==\r\nContent-Length: 2\r\n\r\n{}"
    for _ in range(200):
        raw = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(raw))
            raw[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        assert all(int(status) < 500 for status in STATUS.findall(said(served, bytes(raw)))), bytes(raw)


def test_nothing_of_it_is_an_error_in_the_log(served: Served) -> None:
    """Malformed bytes cause no error in the log, which contains none of their content."""
    for sent in ODD.values():
        said(served, sent)
    log = served.stage.log.read_bytes()
    assert b'"level": "error"' not in log
    assert CANARY.encode() not in log
