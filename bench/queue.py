"""From the end of a session to its row in the supervisors' queue, with the whole system and the baseline model."""

import time
from pathlib import Path

from bench.bed import Bed, Say, percentile
from bench.measures import Figures, Scale
from bench.talk import Load
from plugin.local.kafka import Kafka
from plugin.local.postgres import PostgreSQL
from plugin.local.triton import Triton
from stream.contracts.topics import MESSAGES
from tests.fixtures.system import PARTITIONS, System, running_system

_MODEL = "feedback_baseline"
_PER_SECOND = 100
_WITHIN_S = 120.0


def session_end_to_row(folder: Path, scale: Scale, say: Say) -> Figures:
    """From the broker's append of the platform's end to the moment the sink stored the row."""
    load = Load(scale.times(150), 20, at_once=50)
    folder.mkdir(parents=True)
    with (
        Kafka(folder / "kafka") as kafka,
        PostgreSQL(folder / "postgres") as database,
        Triton(folder / "triton", [_MODEL], backends=[]) as triton,
    ):
        names = ("stream", "feedback", "sink")
        quiet = {"COUNTERPOINT_LOG_LEVEL": "info"}
        with running_system(folder / "system", kafka, database.url, triton, names=names, **quiet) as system:
            on = Bed(folder, kafka, say, PARTITIONS)
            say(f"{load.sessions} sessions of {load.messages} messages, {_PER_SECOND} messages/s")
            on.fill(load.events(), per_second=_PER_SECOND)
            stored = _stored(system, load.sessions)
            ended = {
                record.key.split(b":")[1].decode(): record.timestamp / 1000
                for record in on.read(MESSAGES)
                if (b"session-end" in dict(record.headers)["ce_type"])
            }
    # The first sessions also wait for the stages' first connections.
    waits = [at - ended[name] for name, at in sorted(stored.items(), key=lambda row: row[1])][load.sessions // 10 :]
    return {
        "session end to row p50, s": percentile(waits, 0.5),
        "session end to row p95, s": percentile(waits, 0.95),
        "share within 2 s": sum(wait <= 2 for wait in waits) / len(waits),  # noqa: PLR2004 - the aim
    }


def _stored(system: System, count: int) -> dict[str, float]:
    deadline = time.monotonic() + _WITHIN_S
    while True:
        rows = system.rows("SELECT conversation_id, extract(epoch FROM stored_at)::float FROM sessions")
        if len(rows) >= count:
            return dict(rows)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(rows)} of {count} sessions in the queue after {_WITHIN_S:g} s")
        time.sleep(0.5)
