"""The measure of risk signals: the time from the broker's append of a message to the request at the receiver.

No database is there, and the receiver answers at once: what is measured is the way through both stages and both topics.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path

from bench.environment import BenchEnvironment, LogLine, percentile, start_environment
from bench.load import Event, Load
from bench.measures import Figures, Scale
from plugin.local.demo_settings import TENANT
from plugin.local.loopback import ADDRESS, free_ports
from plugin.local.stage_process import StageProcess
from stream.contracts.messages import Message
from stream.contracts.vocabulary import HeardBy, Role
from stream.runtime import stages
from stream.runtime.settings import ReaderGrade

PER_SECOND = 100
RISK_EVERY = 10
"""One message in ten speaks of danger, far more than in any chat, so that a minute gives hundreds of signals."""
WORDS = "and then i thought i might kill myself"
"""What the word list hears; written by us."""
_SECRET = "whsec_" + "QUJD" * 8
_PATIENCE_S = 60.0


def risk(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the way of risk signals at a steady load."""
    seconds = scale.times(60)
    load = Load(PER_SECOND * seconds // 20, 20, concurrent=100)
    events = list(with_danger(load.events(), [WORDS], RISK_EVERY))
    expected = ids_of(events, {WORDS})
    with start_environment(folder, log) as environment, receiver() as told:
        env = settings_env(told.url)
        with environment.stream_worker(env=env) as worker, deliverer(environment, env):
            worker.wait_ready()
            log(f"{PER_SECOND} messages/s for {seconds} s, {len(expected)} of them with risk language")
            environment.produce(events, per_second=PER_SECOND)
            told.wait_for(expected, _PATIENCE_S)
    delays_ms = told.delays_ms(HeardBy.LEXICON)
    steady = delays_ms[len(delays_ms) // 5 :]  # the first ones also wait for the groups
    return {
        "signals told, of all that were expected": 1 - told.lost(expected) / len(expected),
        "append to receiver p50, ms": percentile(steady, 0.5),
        "append to receiver p99, ms": percentile(steady, 0.99),
    }


def with_danger(events: Iterator[Event], words: Sequence[str], every: int) -> Iterator[Event]:
    """Yield the events, with one message in `every` as one of the client that speaks of danger, in the words given."""
    said = cycle(words)
    for number, event in enumerate(events):
        if isinstance(event, Message) and number % every == 0:
            yield event.model_copy(update={"role": Role.CLIENT, "text": next(said)})
        else:
            yield event


def ids_of(events: Sequence[Event], words: set[str]) -> set[str]:
    """Return the ids of the messages of a load that speak of danger in one of these ways."""
    return {event.message_id for event in events if isinstance(event, Message) and event.text in words}


def settings_env(receiver_url: str, reader: ReaderGrade | None = None) -> dict[str, str]:
    """Return the settings of a platform that takes risk signals, with a grade those of the reader too."""
    hook = {"url": receiver_url, "secrets": [_SECRET]}
    of_risk = {"receiver": hook, "acknowledge_within_s": 0} | ({"reader": reader} if reader else {})
    return {"COUNTERPOINT_TENANTS": json.dumps({TENANT: {"risk": of_risk}})}


@dataclass(frozen=True)
class Signal:
    """A signal as the receiver was told it."""

    message_id: str
    heard_by: HeardBy
    delay_ms: float
    """Since the broker's append of its message."""


@dataclass
class Told:
    """What a receiver was told, in order."""

    url: str = ""
    signals: list[Signal] = field(default_factory=list)

    def delays_ms(self, heard_by: HeardBy, among: set[str] | None = None) -> list[float]:
        """Return how late each signal came that this heard, in order; with `among`, those of these messages alone."""
        return [
            each.delay_ms
            for each in list(self.signals)
            if each.heard_by is heard_by and (among is None or each.message_id in among)
        ]

    def lost(self, expected: set[str]) -> int:
        """Return of how many of these messages no signal came."""
        return len(expected - {each.message_id for each in list(self.signals)})

    def doubled(self) -> int:
        """Return how many signals came more than once."""
        return len(self.signals) - len({each.message_id for each in self.signals})

    def wait_for(self, expected: set[str], patience_s: float) -> None:
        """Return once a signal of each of these messages has come, or the patience is over."""
        deadline = time.monotonic() + patience_s
        while self.lost(expected) and time.monotonic() < deadline:
            time.sleep(0.1)


@contextmanager
def receiver() -> Iterator[Told]:
    """Yield a receiver that answers at once."""
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at = time.time()
            signal = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
            delay_ms = (at - datetime.fromisoformat(signal["appended_at"]).timestamp()) * 1000
            (heard_by,) = signal["heard_by"]
            told.signals.append(Signal(signal["message_id"], HeardBy(heard_by), delay_ms))
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
def deliverer(environment: BenchEnvironment, env: dict[str, str]) -> Iterator[StageProcess]:
    """Run the stage that tells receivers, without a database, until the block ends."""
    (nobody,) = free_ports(1)
    database = {"COUNTERPOINT_DATABASE__URL": f"postgresql+psycopg://u@{ADDRESS}:{nobody}/none"}
    with environment.stage(stages.DELIVER, env={**database, **env}) as stage:
        stage.wait_ready()
        yield stage
