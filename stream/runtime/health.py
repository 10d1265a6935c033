"""`/healthz`, `/readyz` and `/metrics` of a stage, on a small server of its own thread.

Alive means that the process answers. Ready means that it could do its work now; when it could not, the answer says
in a sentence what is missing.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], str | None]
"""Returns None when all is well, otherwise a sentence for the operator."""


class Health:
    """What a stage knows of its own state. Each part sets its sentence, or clears it; starts as "starting"."""

    def __init__(self, *parts: str) -> None:
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = dict.fromkeys(parts, "starting")

    def set(self, part: str, trouble: str | None) -> None:
        """State that `part` is well (None), or what its trouble is."""
        with self._lock:
            if trouble is None:
                self._troubles.pop(part, None)
            else:
                self._troubles[part] = trouble

    def troubles(self) -> dict[str, str]:
        """Everything that keeps the stage from its work, by part; empty when it is ready."""
        with self._lock:
            return dict(self._troubles)


def answer(health: Health, path: str) -> tuple[int, str, bytes]:
    """Status, content type and body for one of the three paths; 404 for any other."""
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest()
    if path == "/healthz":
        return 200, "application/json", b'{"status": "alive"}'
    if path == "/readyz":
        troubles = health.troubles()
        body = {"status": "not ready" if troubles else "ready", "troubles": troubles}
        return (503 if troubles else 200), "application/json", json.dumps(body).encode()
    return 404, "application/json", b"{}"


def serve(health: Health, host: str, port: int) -> ThreadingHTTPServer:
    """Serve `health` from a daemon thread; port 0 takes a free one (see `server_address`). Call `shutdown()` to end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = answer(health, self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing: a probe every second is no news."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
