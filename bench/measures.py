"""The measures. Each starts what it needs, says what it does, and returns its figures by name."""

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

from bench.bare_agent import TABLE, app_name
from bench.bed import PARTITIONS, Bed, Say, bed, percentile, rate, resident_mb
from bench.talk import Load
from plugin.local.postgres import PostgreSQL
from stream.contracts.topics import OPEN_SESSIONS_CHANGELOG, SESSIONS

Figures = dict[str, float]


@dataclass(frozen=True)
class Scale:
    """How much of everything: 1 is what the figures in docs/speed.md are taken with."""

    of: float = 1.0

    def times(self, count: int) -> int:
        """So many at this scale."""
        return max(1, round(count * self.of))


def throughput(folder: Path, scale: Scale, say: Say) -> Figures:
    """Messages a second, of a backlog, on the same messages: ours and what else one could build.

    Over the last 60 % of the messages, so that starting up and rebalancing are not what is measured.
    """
    load = Load(scale.times(1_000), 40)
    found: Figures = {}
    with bed(folder / "one", say) as one:
        count = one.fill(load.events())
        for kind in ("count", "table"):
            say(f"bare Faust agent: {kind}, {count} events")
            if kind == "table":
                _make_topic(one, f"{app_name(kind)}-{TABLE}-changelog")
            found[f"Faust agent, {kind}"] = rate(_elsewhere("bench.bare_agent", kind, one.servers, str(count)), 0.4)
        say("the loop written by hand")
        with PostgreSQL(folder / "postgres") as database:
            url = database.url.replace("+psycopg", "")
            found["written by hand"] = rate(_elsewhere("bench.handwritten", one.servers, url, str(count)), 0.4)
        found["stream, one worker"] = _of_workers(one, load, 1)
    with bed(folder / "two", say) as two:
        two.fill(load.events())
        found["stream, two workers"] = _of_workers(two, load, 2)
    return found


def _of_workers(on: Bed, load: Load, workers: int) -> float:
    on.say(f"stream stage: {workers} worker(s), {load.total} messages in {load.sessions} sessions")
    with ExitStack() as stack:
        for number in range(workers):
            stack.enter_context(on.stage(number))
        on.wait_for(SESSIONS, load.sessions)
    times = [kept for kept, _ in on.kept()]
    assert len(times) == load.total, f"{len(times)} of {load.total} messages were kept"  # noqa: S101
    last = max(record.timestamp / 1000 for record in on.read(SESSIONS))
    return rate([*times, max(last, times[-1])], 0.4)


def lag(folder: Path, scale: Scale, say: Say) -> Figures:
    """From the broker's append of a message to the worker's next read of it, with its score, in the changelog."""
    per_second, seconds = 500, scale.times(30)
    load = Load(per_second * seconds // 40, 40)
    lags: list[float] = []
    with bed(folder, say) as on, on.stage() as stage:
        stage.wait_ready()
        say(f"{per_second} messages/s for {seconds} s")
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(on, lags, load.total, over))
        watcher.start()
        on.fill(load.events(), per_second=per_second)
        over.wait(30)
        watcher.join()
    steady = lags[len(lags) // 5 :]  # the worker's first reads also wait for the group
    return {"detection lag p50, ms": percentile(steady, 0.5), "detection lag p99, ms": percentile(steady, 0.99)}


def _watch(on: Bed, lags: list[float], count: int, over: threading.Event) -> None:
    deadline = time.monotonic() + 600
    with on.reader(OPEN_SESSIONS_CHANGELOG) as consumer:
        while len(lags) < count and time.monotonic() < deadline:
            for records in consumer.poll(100).values():
                now_ms = time.time() * 1000
                for record in records:
                    value = from_json(record.value) if record.value else {}
                    lags += (now_ms - entry["appended_ms"] for entry in value.get("entries", ()))
    over.set()


def changelog_bytes(folder: Path, scale: Scale, say: Say) -> Figures:
    """Keys and values written to the changelog per message, deletions included, by how long a session is."""
    loads = [Load(scale.times(6_000 // length), length, at_once=250, seed=length) for length in (20, 200, 2_000)]
    with bed(folder, say) as on:
        length_of: dict[bytes, int] = {}
        for load in loads:
            say(f"{load.sessions} sessions of {load.messages} messages")
            events = list(load.events())
            on.fill(events)
            length_of |= {event.conversation_id.encode(): load.messages for event in events}
        # Text goes two seconds after the close, so that its deletion is among what is counted.
        soon = {"COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S": "1", "COUNTERPOINT_SESSIONS__LATE_WITHIN_S": "2"}
        written: defaultdict[int, int] = defaultdict(int)
        with on.stage(env=soon):
            on.wait_for(SESSIONS, sum(load.sessions for load in loads))
            time.sleep(6)  # two seconds to the deadline, one to the tick, the rest for a slow machine
        for record in on.read(OPEN_SESSIONS_CHANGELOG):
            length = length_of[record.key.split(b"|")[1].split(b":")[1]]
            written[length] += len(record.key) + len(record.value or b"")
    return {
        f"changelog bytes a message, sessions of {load.messages}": written[load.messages] / load.total for load in loads
    }


def memory(folder: Path, scale: Scale, say: Say) -> Figures:
    """Resident memory of a worker, with ever more open conversations of five messages each."""
    found: Figures = {}
    with bed(folder, say) as on, on.stage() as stage:
        stage.wait_ready()
        assert stage.pid is not None  # noqa: S101
        open_now = 0
        before = found["MB with no conversation"] = resident_mb(stage.pid)
        for number in range(4):
            say(f"{scale.times(5_000)} more open conversations")
            load = Load(scale.times(5_000), 5, seed=number + 10, ends=False)
            on.fill(load.events())
            open_now += load.sessions
            on.wait_until_taken()
            found[f"MB with {open_now} open conversations"] = resident_mb(stage.pid)
        last = found[f"MB with {open_now} open conversations"]
        found["kB a message in memory"] = (last - before) * 1024 / (open_now * 5)
    return found


def _make_topic(on: Bed, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=on.servers)
    try:
        topic: dict[str, Any] = {"num_partitions": PARTITIONS, "replication_factor": 1}
        admin.create_topics({name: topic | {"configs": {"cleanup.policy": "compact"}}}, wait_for_metadata=True)
    finally:
        admin.close()


def _elsewhere(module: str, *arguments: str) -> list[float]:
    """Run one of the others in a process of its own; returns when each event was done."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, check=True)  # noqa: S603
    return [float(at) for at in json.loads(done.stdout)]
