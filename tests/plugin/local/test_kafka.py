"""The broker is a real Apache Kafka on loopback that keeps its data over restart and SIGKILL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from plugin.local.kafka import KafkaBroker, _cluster_id, plan_cluster
from plugin.local.loopback import is_listening
from plugin.local.process import NotStarted
from tests.faults.proxy import Proxy
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S

DEADLOCK_MS = int(DEADLOCK_S * 1000)


def _produce(broker: KafkaBroker, topic: str, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_block_ms=DEADLOCK_MS)
    producer.send(topic, value).get(timeout=DEADLOCK_S)
    producer.close()


def _consume(broker: KafkaBroker, topic: str) -> list[bytes | None]:
    return [record.value for record in read_topic(broker.bootstrap_servers, topic, 1)]


def _create_topic(broker: KafkaBroker) -> str:
    topic = f"tried-{uuid4()}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()
    return topic


@pytest.mark.parametrize("end", [KafkaBroker.stop, KafkaBroker.kill])
def test_records_survive_the_end_of_the_broker_and_clients_find_it_again(
    kafka: KafkaBroker, end: Callable[[KafkaBroker], None]
) -> None:
    """A broker that was stopped or killed with SIGKILL has the same records at the same address and takes more."""
    address = kafka.bootstrap_servers
    topic = _create_topic(kafka)
    _produce(kafka, topic, b"before")
    end(kafka)
    assert not is_listening(int(address.partition(":")[2]))
    kafka.start()
    assert kafka.bootstrap_servers == address
    _produce(kafka, topic, b"after")
    assert _consume(kafka, topic) == [b"before", b"after"]


def test_data_of_an_earlier_run_are_there_on_new_ports(kafka: KafkaBroker) -> None:
    """The second demo still has the first demo's records, though its ports are others."""
    topic = _create_topic(kafka)
    _produce(kafka, topic, b"kept")
    kafka.stop()
    try:
        with KafkaBroker(kafka.data_dir) as second:
            assert second.bootstrap_servers != kafka.bootstrap_servers
            assert _consume(second, topic) == [b"kept"]
    finally:
        kafka.start()


def test_topics_are_never_made_by_a_client(kafka: KafkaBroker) -> None:
    """Asking for a topic that does not exist does not make it."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers)
    consumer.partitions_for_topic("mistyped")
    consumer.close()
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    assert "mistyped" not in admin.list_topics()
    admin.close()


def test_everything_listens_on_loopback_only(kafka: KafkaBroker) -> None:
    """The listeners of the broker and its controller cannot be reached from outside the machine."""
    config = (kafka.data_dir / "server.properties").read_text()
    listeners = [line for line in config.splitlines() if "listeners=" in line]
    addresses = [part.partition("//")[2] for line in listeners for part in line.split(",") if "//" in part]
    assert len(addresses) == 5
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_clients_are_sent_to_the_address_that_is_advertised(run_dir: Path) -> None:
    """Clients are sent to the advertised address, so that a test can put a proxy there."""
    broker = KafkaBroker(run_dir / "advertised")
    with Proxy(int(broker.client_address.rpartition(":")[2])) as proxy:
        broker.advertised_address = proxy.address
        with broker:
            assert broker.bootstrap_servers == proxy.address
            admin = KafkaAdminClient(bootstrap_servers=broker.client_address)
            assert [node["port"] for node in admin.describe_cluster()["brokers"]] == [proxy.port]
            admin.close()


def test_a_broken_data_directory_is_reported_with_the_brokers_log(tmp_path: Path) -> None:
    """The error quotes the log: the reader need not look for it."""
    (tmp_path / "log").mkdir()
    with pytest.raises(NotStarted, match=r"(?s)kafka ended with status 1.*meta.properties"):
        KafkaBroker(tmp_path).start()


def test_a_cluster_id_has_kafkas_form() -> None:
    """22 characters of base64url, never a dash in front."""
    ids = {_cluster_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(len(text) == 22 and not text.startswith("-") for text in ids)


def test_the_nodes_of_a_cluster_know_each_other_by_place() -> None:
    """The nodes of a cluster share its id and the list of controllers, and each has a port of its own."""
    made = plan_cluster(3)
    assert [node.node_id for node in made] == [1, 2, 3]
    assert len({node.cluster_id for node in made}) == 1
    assert {node.controller_port for node in made} == set(made[0].voters)
