"""The speed of a bare Faust agent: `python -m bench.bare_agent count|table SERVERS COUNT`.

With the settings of the stream worker, on the same messages: an agent that only counts, and one that writes one small
value per message to a table with a changelog.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from faust.types import StreamT

from bench.environment import PARTITIONS
from stream.contracts.topics import MESSAGES
from stream.faust_support.app import create_app
from stream.runtime.settings import KafkaSettings

_BUFFER = 4_096


def app_id(kind: str) -> str:
    """Return the app's id, which is its consumer group and the beginning of its changelog topic's name."""
    return f"bench-{kind}"


TABLE = "seen"


async def run(kind: str, servers: str, count: int) -> list[float]:
    """Consume `count` events; returns the time at which each was done, in seconds."""
    done: list[float] = []
    finished = asyncio.Event()
    kafka = KafkaSettings(bootstrap_servers=servers, partitions=PARTITIONS)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(app_id(kind), kafka, data_dir=Path(folder), buffer=_BUFFER)
        messages = app.topic(MESSAGES, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        table = app.Table(TABLE, partitions=PARTITIONS, default=int) if kind == "table" else None

        async def consume(stream: StreamT[Any]) -> None:
            async for event in cast("Any", stream).events():
                if table is not None:
                    table[event.key.decode()] = event.message.offset
                done.append(time.monotonic())
                if len(done) == count:
                    finished.set()

        app.agent(messages, name="messages")(consume)
        async with app:
            await finished.wait()
    return done


if __name__ == "__main__":
    kind, servers, count = sys.argv[1:]
    times = asyncio.run(run(kind, servers, int(count)))
    sys.stdout.write(json.dumps(times))
    sys.stdout.flush()
