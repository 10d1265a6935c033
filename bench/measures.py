"""The measures: each starts what it needs, logs what it does, and returns its figures by name."""

import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from pydantic_core import from_json

from bench.bare_agent import TABLE, app_id
from bench.environment import (
    PARTITIONS,
    BenchEnvironment,
    LogLine,
    percentile,
    rate,
    resident_mb,
    start_environment,
)
from bench.load import Load
from plugin.local.postgres import PostgresServer
from stream.contracts.topics import OPEN_SESSIONS_CHANGELOG, SESSIONS

Figures = dict[str, float]


@dataclass(frozen=True)
class Scale:
    """The share of the full load; the figures in docs/speed.md are taken with 1."""

    share: float = 1.0
    plans: bool = False
    """Whether the plans of the database's statements are logged too."""

    def times(self, count: int) -> int:
        """Return `count` at this scale, at least 1."""
        return max(1, round(count * self.share))


def throughput(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure messages per second of a backlog: the stream worker beside alternatives, on the same messages.

    Over the last 60 % of the messages, so that starting up and rebalancing are not what is measured.
    """
    load = Load(scale.times(1_000), 40)
    figures: Figures = {}
    with start_environment(folder / "one", log) as one:
        count = one.produce(load.events())
        for kind in ("count", "table"):
            log(f"bare Faust agent: {kind}, {count} events")
            if kind == "table":
                _create_compacted_topic(one, f"{app_id(kind)}-{TABLE}-changelog")
            figures[f"Faust agent, {kind}"] = rate(_run_module("bench.bare_agent", kind, one.servers, str(count)), 0.4)
        log("the loop written by hand")
        with PostgresServer(folder / "postgres") as database:
            url = database.url.replace("+psycopg", "")
            figures["written by hand"] = rate(_run_module("bench.handwritten", one.servers, url, str(count)), 0.4)
        figures["stream, one worker"] = _stream_rate(one, load, 1)
    with start_environment(folder / "two", log) as two:
        two.produce(load.events())
        figures["stream, two workers"] = _stream_rate(two, load, 2)
    return figures


def _stream_rate(environment: BenchEnvironment, load: Load, workers: int) -> float:
    environment.log(f"stream stage: {workers} worker(s), {load.total} messages in {load.sessions} sessions")
    with ExitStack() as stack:
        for number in range(workers):
            stack.enter_context(environment.stream_worker(number))
        environment.wait_for_records(SESSIONS, load.sessions)
    times = [at for at, _ in environment.changelog_entries()]
    assert len(times) == load.total, f"{len(times)} of {load.total} messages were kept"  # noqa: S101
    last = max(record.timestamp / 1000 for record in environment.read(SESSIONS))
    return rate([*times, max(last, times[-1])], 0.4)


def lag(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the time from the broker's append of a message to its entry, with its score, in the changelog."""
    per_second, seconds = 500, scale.times(30)
    load = Load(per_second * seconds // 40, 40)
    lags: list[float] = []
    with start_environment(folder, log) as environment, environment.stream_worker() as worker:
        worker.wait_ready()
        log(f"{per_second} messages/s for {seconds} s")
        finished = threading.Event()
        watcher = threading.Thread(target=_watch, args=(environment, lags, load.total, finished))
        watcher.start()
        environment.produce(load.events(), per_second=per_second)
        finished.wait(30)
        watcher.join()
    steady = lags[len(lags) // 5 :]  # the worker's first reads also wait for the group
    return {"detection lag p50, ms": percentile(steady, 0.5), "detection lag p99, ms": percentile(steady, 0.99)}


def _watch(environment: BenchEnvironment, lags: list[float], count: int, finished: threading.Event) -> None:
    deadline = time.monotonic() + 600
    with environment.reader(OPEN_SESSIONS_CHANGELOG) as consumer:
        while len(lags) < count and time.monotonic() < deadline:
            for records in consumer.poll(100).values():
                now_ms = time.time() * 1000
                for record in records:
                    value = from_json(record.value) if record.value else {}
                    lags += (now_ms - entry["appended_ms"] for entry in value.get("entries", ()))
    finished.set()


def changelog_bytes(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the bytes written to the changelog per message, deletions included, for sessions of several lengths."""
    loads = [Load(scale.times(6_000 // length), length, concurrent=250, seed=length) for length in (20, 200, 2_000)]
    with start_environment(folder, log) as environment:
        length_of: dict[bytes, int] = {}
        for load in loads:
            log(f"{load.sessions} sessions of {load.messages} messages")
            events = list(load.events())
            environment.produce(events)
            length_of |= {event.conversation_id.encode(): load.messages for event in events}
        # Text is deleted two seconds after the close, so that the deletion is counted too.
        short_retention = {"COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S": "1", "COUNTERPOINT_SESSIONS__LATE_WITHIN_S": "2"}
        written: defaultdict[int, int] = defaultdict(int)
        with environment.stream_worker(env=short_retention):
            environment.wait_for_records(SESSIONS, sum(load.sessions for load in loads))
            time.sleep(6)  # two seconds to the deadline, one to the tick, the rest for a slow machine
        for record in environment.read(OPEN_SESSIONS_CHANGELOG):
            length = length_of[record.key.split(b"|")[1].split(b":")[1]]
            written[length] += len(record.key) + len(record.value or b"")
    return {
        f"changelog bytes a message, sessions of {load.messages}": written[load.messages] / load.total for load in loads
    }


def memory(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the resident memory of a worker with more and more open conversations of five messages each."""
    figures: Figures = {}
    with start_environment(folder, log) as environment, environment.stream_worker() as worker:
        worker.wait_ready()
        assert worker.pid is not None  # noqa: S101
        open_now = 0
        before = figures["MB with no conversation"] = resident_mb(worker.pid)
        for number in range(4):
            log(f"{scale.times(5_000)} more open conversations")
            load = Load(scale.times(5_000), 5, seed=number + 10, ends=False)
            environment.produce(load.events())
            open_now += load.sessions
            environment.wait_until_committed()
            figures[f"MB with {open_now} open conversations"] = resident_mb(worker.pid)
        last = figures[f"MB with {open_now} open conversations"]
        figures["kB a message in memory"] = (last - before) * 1024 / (open_now * 5)
    return figures


def _create_compacted_topic(environment: BenchEnvironment, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=environment.servers)
    try:
        topic: dict[str, Any] = {"num_partitions": PARTITIONS, "replication_factor": 1}
        admin.create_topics({name: topic | {"configs": {"cleanup.policy": "compact"}}}, wait_for_metadata=True)
    finally:
        admin.close()


def _run_module(module: str, *arguments: str) -> list[float]:
    """Run a module in a process of its own; returns the time at which each event was done."""
    completed = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, check=True)  # noqa: S603
    return [float(at) for at in json.loads(completed.stdout)]
