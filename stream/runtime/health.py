"""The HTTP server of a stage for `/healthz`, `/readyz` and `/metrics`, in a thread of its own.

Alive means that the process answers. Ready means that the stage can do its work now; when it cannot, the answer says
in a sentence what is missing.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from stream.contracts.errors import Misconfigured

CLIENT_TIMEOUT_S = 5.0
"""After which a probe that does not send its request, or does not read the answer, is given up."""


class ReadinessPart(StrEnum):
    """The readiness parts that /readyz names and `counterpoint status` shows to operators."""

    KAFKA = "kafka"
    """The broker, as the gateway's producer sees it."""
    BROKER = "broker"
    """The broker, as the consumer of a stage sees it."""
    DATABASE = "database"
    MODEL = "model"
    BACKLOG = "backlog"
    """What waits for the reader, as `counterpoint hear` asks it."""
    STATE = "state"
    """The open sessions of the stream worker's partitions."""
    DEAD_LETTERS = "dead letters"
    RECEIVER = "risk receiver"
    """The receivers of risk signals, as `counterpoint deliver` tells them."""
    PLATFORM = "platform"
    """The API of a chat platform, as `counterpoint reconcile` asks it."""


class Health:
    """The readiness of a stage by part: each part has a trouble or none, and starts with the trouble "starting"."""

    def __init__(self, *parts: ReadinessPart) -> None:
        self._lock = threading.Lock()
        self._troubles: dict[ReadinessPart, str] = dict.fromkeys(parts, "starting")

    def set(self, part: ReadinessPart, trouble: str | None) -> None:
        """Set what is wrong with `part`, as a sentence for operators; None if nothing is wrong."""
        with self._lock:
            if trouble is None:
                self._troubles.pop(part, None)
            else:
                self._troubles[part] = trouble

    def troubles(self) -> dict[ReadinessPart, str]:
        """Return the troubles of the stage by part; empty when it is ready."""
        with self._lock:
            return dict(self._troubles)


class _Server(ThreadingHTTPServer):
    """A server that says nothing of a probe that went away, and takes IPv6 addresses too."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: whoever asks has hung up or is too slow."""


def respond(health: Health, path: str) -> tuple[int, str, bytes]:
    """Return status, content type and body for one of the three paths; 404 for any other path."""
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest()
    if path == "/healthz":
        return 200, "application/json", b'{"status": "alive"}'
    if path == "/readyz":
        troubles = health.troubles()
        body = {"status": "not ready" if troubles else "ready", "troubles": troubles}
        return (503 if troubles else 200), "application/json", json.dumps(body).encode()
    return 404, "application/json", b"{}"


def serve(health: Health, host: str, port: int, *, ask: Callable[[], None] = lambda: None) -> ThreadingHTTPServer:
    """Start the HTTP server for `health` in a daemon thread and return it.

    `ask` is called before each answer to /readyz and may set troubles. Port 0 takes a free port (see
    `server_address`); `shutdown()` ends the server.

    Raises:
        Misconfigured: the address cannot be used.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_TIMEOUT_S

        def do_GET(self) -> None:
            if self.path == "/readyz":
                ask()
            status, content_type, body = respond(health, self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Log nothing, because probes come every second."""

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        raise Misconfigured(
            f"/readyz and /metrics cannot be served on {host}:{port} ({error.strerror}). Set health.host and the"
            " stage's port under [health]."
        ) from None
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


@contextmanager
def serving(
    health: Health, host: str, port: int, *, ask: Callable[[], None] = lambda: None
) -> Iterator[ThreadingHTTPServer]:
    """Serve `health` as `serve` does until the block ends.

    Raises:
        Misconfigured: the address cannot be used.
    """
    server = serve(health, host, port, ask=ask)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
