"""The time from the end of a session to its row in the queue, with the whole system and the baseline model."""

import time
from pathlib import Path

from bench.environment import BenchEnvironment, LogLine, percentile
from bench.load import Load
from bench.measures import Figures, Scale
from plugin.local.kafka import KafkaBroker
from plugin.local.postgres import PostgresServer
from plugin.local.triton import TritonServer
from stream.contracts.topics import MESSAGES
from tests.fixtures.system import PARTITIONS, RunningSystem, running_system

_MODELS = ("feedback_baseline", "reader")
_PER_SECOND = 100
_TIMEOUT_S = 120.0


def session_end_to_row(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the time from the broker's append of a session's end to the storing of its row by the sink."""
    load = Load(scale.times(150), 20, concurrent=50)
    folder.mkdir(parents=True)
    with (
        KafkaBroker(folder / "kafka") as kafka,
        PostgresServer(folder / "postgres") as database,
        TritonServer(folder / "triton", _MODELS, backends=[]) as triton,
    ):
        names = ("stream", "feedback", "sink")
        log_level = {"COUNTERPOINT_LOG_LEVEL": "info"}
        with running_system(folder / "system", kafka, database.url, triton, names=names, **log_level) as system:
            environment = BenchEnvironment(folder, kafka, log, PARTITIONS)
            log(f"{load.sessions} sessions of {load.messages} messages, {_PER_SECOND} messages/s")
            environment.produce(load.events(), per_second=_PER_SECOND)
            stored = _wait_for_rows(system, load.sessions)
            ended = {
                record.key.split(b":")[1].decode(): record.timestamp / 1000
                for record in environment.read(MESSAGES)
                if (b"session-end" in dict(record.headers)["ce_type"])
            }
    # The first sessions also wait for the stages' first connections.
    waits = [at - ended[name] for name, at in sorted(stored.items(), key=lambda row: row[1])][load.sessions // 10 :]
    return {
        "session end to row p50, s": percentile(waits, 0.5),
        "session end to row p95, s": percentile(waits, 0.95),
        "share within 2 s": sum(wait <= 2 for wait in waits) / len(waits),  # noqa: PLR2004 - the aim
    }


def _wait_for_rows(system: RunningSystem, count: int) -> dict[str, float]:
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        rows = system.rows("SELECT conversation_id, extract(epoch FROM stored_at)::float FROM sessions")
        if len(rows) >= count:
            return dict(rows)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(rows)} of {count} sessions in the queue after {_TIMEOUT_S:g} s")
        time.sleep(0.5)
