"""Several real brokers on loopback, to see one of them killed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from plugin.local.kafka import Kafka, seats
from plugin.local.process import POLL_S, NotStarted

SIZE: Final = 3
"""The least at which one may be lost and a write still has two copies."""
HEAP_MB: Final = 256
"""For each: three of them share a small machine with everything else."""
IN_SYNC_S: Final = 60.0
"""A returned broker catches up in seconds; a busy small machine may need many times that."""
ANSWER_MS: Final = 2_000


class KafkaCluster:
    """Brokers that keep copies of each other's records. Each is a `Kafka` of its own: kill it, start it again."""

    def __init__(self, data_dir: Path, *, size: int = SIZE) -> None:
        self.nodes = [
            Kafka(data_dir / f"kafka-{seat.node}", name=f"kafka-{seat.node}", seat=seat, heap_mb=HEAP_MB)
            for seat in seats(size)
        ]

    @property
    def bootstrap_servers(self) -> str:
        """All addresses, as clients take them."""
        return ",".join(node.bootstrap_servers for node in self.nodes)

    def start(self) -> Self:
        """Start the brokers side by side: none is ready before most of them are there.

        Raises:
            NotStarted: one of them did not come up; the others are stopped.
        """
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(Kafka.start, self.nodes))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ask all to end. One after the other: the last ones have no majority left and would wait for each other."""
        for node in self.nodes:
            if sum(each.alive for each in self.nodes) * 2 > len(self.nodes):
                node.stop()
            else:
                node.kill()

    def behind(self) -> list[str]:
        """The partitions of which a copy is missing or behind, as `topic-partition`."""
        return [
            f"{topic['name']}-{partition['partition_index']}"
            for topic in self._described()
            for partition in topic["partitions"]
            if len(partition["isr_nodes"]) < len(partition["replica_nodes"])
        ]

    def wait_in_sync(self) -> None:
        """Wait until every copy is complete again.

        Raises:
            NotStarted: some still are not.
        """
        deadline = time.monotonic() + IN_SYNC_S
        while behind := self.behind():
            if time.monotonic() > deadline:
                raise NotStarted(f"still behind after {IN_SYNC_S:g} s: {', '.join(behind)}")
            time.sleep(POLL_S)

    def leader(self, topic: str, partition: int) -> Kafka | None:
        """The broker that takes the records of a partition now; None while there is none."""
        (found,) = self._described([topic])
        leaders = {entry["partition_index"]: entry["leader_id"] for entry in found["partitions"]}
        return next((node for node in self.nodes if node.seat.node == leaders[partition]), None)

    def _described(self, names: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Ask for topics until somebody answers: the client may have picked the broker that has just gone."""
        deadline = time.monotonic() + IN_SYNC_S
        while True:
            servers = [node.address for node in self.nodes if node.alive]
            try:
                admin = KafkaAdminClient(bootstrap_servers=servers, bootstrap_timeout_ms=ANSWER_MS)
                try:
                    return list(admin.describe_topics(list(names) or admin.list_topics()))
                finally:
                    admin.close()
            except KafkaError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
