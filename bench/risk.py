"""The measure of risk signals: the time from the broker's append of a message to the request at the receiver.

No database is there, and the receiver answers at once: what is measured is the way through both stages and both topics.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.environment import LogLine, percentile, start_environment
from bench.load import Event, Load
from bench.measures import Figures, Scale
from plugin.local.demo_settings import TENANT
from plugin.local.loopback import ADDRESS, free_ports
from plugin.local.stage_process import StageProcess
from stream.contracts.messages import Message
from stream.contracts.vocabulary import Role
from stream.runtime import stages

PER_SECOND = 100
RISK_EVERY = 10
"""One message in ten speaks of danger, far more than in any chat, so that a minute gives hundreds of signals."""
_WORDS = "and then i thought i might kill myself"  # written by us
_SECRET = "whsec_" + "QUJD" * 8
_PATIENCE_S = 60.0


def risk(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the way of risk signals at a steady load."""
    seconds = scale.times(60)
    load = Load(PER_SECOND * seconds // 20, 20, concurrent=100)
    events = list(with_danger(load.events()))
    expected = sum(isinstance(event, Message) and is_danger(event) for event in events)
    with start_environment(folder, log) as environment, receiver() as told:
        hook = {"url": told.url, "secrets": [_SECRET]}
        tenants = {TENANT: {"risk": {"receiver": hook, "acknowledge_within_s": 0}}}
        env = {"COUNTERPOINT_TENANTS": json.dumps(tenants)}
        with environment.stream_worker(env=env) as worker, _deliverer(folder, environment.servers, env):
            worker.wait_ready()
            log(f"{PER_SECOND} messages/s for {seconds} s, {expected} of them with risk language")
            environment.produce(events, per_second=PER_SECOND)
            deadline = time.monotonic() + _PATIENCE_S
            while len(told.delays_ms) < expected and time.monotonic() < deadline:
                time.sleep(0.1)
    steady = told.delays_ms[len(told.delays_ms) // 5 :]  # the first ones also wait for the groups
    return {
        "signals told, of all that were expected": len(told.delays_ms) / expected,
        "append to receiver p50, ms": percentile(steady, 0.5),
        "append to receiver p99, ms": percentile(steady, 0.99),
    }


def with_danger(events: Iterator[Event]) -> Iterator[Event]:
    """Yield the events, with every tenth message as one of the client that speaks of danger."""
    for number, event in enumerate(events):
        if isinstance(event, Message) and number % RISK_EVERY == 0:
            yield event.model_copy(update={"role": Role.CLIENT, "text": _WORDS})
        else:
            yield event


def is_danger(message: Message) -> bool:
    """Return whether a message of the load is one of those that speak of danger."""
    return message.text == _WORDS


@dataclass
class Told:
    """What a receiver was told: how late each signal came, in ms since its message's append, in order."""

    url: str = ""
    delays_ms: list[float] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Told]:
    """Yield a receiver that answers at once."""
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at = time.time()
            signal = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
            told.delays_ms.append((at - datetime.fromisoformat(signal["appended_at"]).timestamp()) * 1000)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((ADDRESS, 0), Handler) as server:
        server.daemon_threads = True
        told.url = f"http://{ADDRESS}:{server.server_address[1]}/signals"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _deliverer(folder: Path, servers: str, env: dict[str, str]) -> Iterator[StageProcess]:
    nobody, port = free_ports(2)
    own = {
        "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": servers,
        "COUNTERPOINT_DATABASE__URL": f"postgresql+psycopg://u@{ADDRESS}:{nobody}/none",
        "COUNTERPOINT_HEALTH__DELIVER_PORT": str(port),
    }
    name = stages.DELIVER.name
    stage = StageProcess(name, folder / name, env={**own, **env}, health_url=f"http://{ADDRESS}:{port}")
    try:
        stage.launch()
        stage.wait_ready()
        yield stage
    finally:
        stage.stop()
