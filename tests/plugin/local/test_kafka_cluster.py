"""Three real brokers hold each other's records: one may go and come back."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from plugin.local.kafka import seats
from plugin.local.kafka_cluster import KafkaCluster

TOPIC = "tried"


def test_a_record_outlives_the_broker_that_took_it(kafka_cluster: KafkaCluster) -> None:
    """Killed, the leader is followed by another; started again, it catches up."""
    servers = kafka_cluster.bootstrap_servers.split(",")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics(
        {TOPIC: {"num_partitions": 1, "replication_factor": 3, "configs": {"min.insync.replicas": "2"}}},
        wait_for_metadata=True,
    )
    admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    producer.send(TOPIC, b"before").get(timeout=30)
    leader = kafka_cluster.leader(TOPIC, 0)
    assert leader is not None
    leader.kill()
    producer.send(TOPIC, b"between").get(timeout=60)
    assert kafka_cluster.leader(TOPIC, 0) is not leader
    assert f"{TOPIC}-0" in kafka_cluster.behind()
    leader.start()
    kafka_cluster.wait_in_sync()
    producer.send(TOPIC, b"after").get(timeout=30)
    producer.close()
    consumer = KafkaConsumer(TOPIC, bootstrap_servers=servers, auto_offset_reset="earliest", consumer_timeout_ms=30_000)
    assert [next(consumer).value for _ in range(3)] == [b"before", b"between", b"after"]
    consumer.close()


def test_with_one_copy_left_nothing_is_taken(kafka_cluster: KafkaCluster) -> None:
    """What is acknowledged has two copies, or it is not acknowledged."""
    servers = kafka_cluster.bootstrap_servers.split(",")
    name = "tried-twice"
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics(
        {name: {"assignments": {0: [1, 2]}, "configs": {"min.insync.replicas": "2"}}}, wait_for_metadata=True
    )
    admin.close()
    away = kafka_cluster.nodes[1]
    away.kill()
    producer = KafkaProducer(
        bootstrap_servers=kafka_cluster.nodes[0].address,
        acks="all",
        delivery_timeout_ms=2_000,
        request_timeout_ms=1_000,
    )
    try:
        with pytest.raises(KafkaError):
            producer.send(name, b"refused").get(timeout=30)
    finally:
        producer.close(timeout=1)
        away.start()
        kafka_cluster.wait_in_sync()


def test_the_nodes_of_a_cluster_know_each_other_by_place() -> None:
    """The same cluster, the same list of controllers, a port of its own for each."""
    made = seats(3)
    assert [seat.node for seat in made] == [1, 2, 3]
    assert len({seat.cluster_id for seat in made}) == 1
    assert {seat.controller for seat in made} == set(made[0].voters)
