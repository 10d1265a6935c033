"""Three brokers keep every record when one of them is killed: by themselves, and while conversations go on."""

import time
from collections.abc import Callable, Sequence

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from plugin.local.kafka import KafkaBroker
from stream.contracts.topics import MESSAGES
from stream.runtime import settings
from stream.runtime.topics import create_missing_topics, topic_differences
from tests.faults.accounting import Load, verify_all_stored_once
from tests.fixtures.kafka_cluster import KafkaCluster
from tests.fixtures.system import PARTITIONS, RECORD_STAGES, RunningSystem
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, eventually, wait_until

TOPIC = "tried"
BEFORE, DURING = 3, 6
"""How many conversations have begun when the broker is killed, and how many begin while it is away."""
ROUNDS_LONG = 5
"""How many times the long run kills a broker."""


def test_a_record_outlives_the_broker_that_took_it(kafka_cluster: KafkaCluster) -> None:
    """When the leader of a partition is killed another broker leads, and the old one catches up when it returns."""
    servers = kafka_cluster.bootstrap_servers.split(",")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics(
        {TOPIC: {"num_partitions": 1, "replication_factor": 3, "configs": {"min.insync.replicas": "2"}}},
        wait_for_metadata=True,
    )
    admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    producer.send(TOPIC, b"before").get(timeout=DEADLOCK_S)
    leader = kafka_cluster.leader(TOPIC, 0)
    assert leader is not None
    leader.kill()
    producer.send(TOPIC, b"between").get(timeout=DEADLOCK_S)
    assert kafka_cluster.leader(TOPIC, 0) is not leader
    assert f"{TOPIC}-0" in kafka_cluster.partitions_behind()
    leader.start()
    kafka_cluster.wait_in_sync()
    producer.send(TOPIC, b"after").get(timeout=DEADLOCK_S)
    producer.close()
    found = read_topic(kafka_cluster.bootstrap_servers, TOPIC, 1)
    assert [record.value for record in found] == [b"before", b"between", b"after"]


def test_with_one_copy_left_nothing_is_taken(kafka_cluster: KafkaCluster) -> None:
    """A record is not acknowledged while only one of its two copies can be written."""
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
        bootstrap_servers=kafka_cluster.nodes[0].client_address,
        acks="all",
        delivery_timeout_ms=2_000,
        request_timeout_ms=1_000,
    )
    try:
        with pytest.raises(KafkaError):
            producer.send(name, b"refused").get(timeout=DEADLOCK_S)
    finally:
        producer.close(timeout=1)
        away.start()
        kafka_cluster.wait_in_sync()


def test_with_three_copies_two_must_have_a_record(kafka_cluster: KafkaCluster) -> None:
    """With three copies two of them must have a record before it is acknowledged.

    So an acknowledged record survives the loss of any one broker. The topics are those of the system on these brokers.
    """
    three = settings.KafkaSettings(
        bootstrap_servers=kafka_cluster.bootstrap_servers, partitions=PARTITIONS, replication=3
    )
    create_missing_topics(three)
    assert topic_differences(three) == []
    admin = KafkaAdminClient(bootstrap_servers=kafka_cluster.bootstrap_servers.split(","))
    (described,) = admin.describe_topics([MESSAGES])
    assert all(len(partition["replica_nodes"]) == 3 for partition in described["partitions"])
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, MESSAGES, {"min.insync.replicas": "1"})])
    assert eventually(lambda: any("min.insync.replicas=1, it should be 2" in told for told in topic_differences(three)))
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, MESSAGES, {"min.insync.replicas": "2"})])
    assert eventually(lambda: topic_differences(three) == [])
    admin.close()


@pytest.fixture(scope="module")
def system(kafka_cluster: KafkaCluster, start_system: Callable[..., RunningSystem]) -> RunningSystem:
    """Start the stages on three brokers, with three copies of each record, of which two must be written."""
    return start_system(
        kafka=kafka_cluster.nodes[0],  # the one that no test kills
        names=RECORD_STAGES,
        COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS=kafka_cluster.bootstrap_servers,
        COUNTERPOINT_KAFKA__REPLICATION="3",
    )


@pytest.mark.fault("one broker of three killed during load", holds="one row a session, no gap, nobody restarts")
def test_the_loss_of_one_broker_of_three_loses_nothing(
    system: RunningSystem, kafka_cluster: KafkaCluster, measured: dict[str, str], long: bool, load: Load
) -> None:
    """A broker that leads partitions gets SIGKILL under load; it stays away, then comes back and catches up."""
    pids = {name: stage.pid for name, stage in system.stages.items()}
    leads, returns = [], []
    with load(system) as conversations:
        for _ in range(ROUNDS_LONG if long else 1):
            _let_begin(BEFORE, conversations)
            victim = next(node for node in _leaders(kafka_cluster) if node not in {None, system.kafka})
            assert victim is not None
            victim.kill()
            killed = time.monotonic()
            _wait_for_others(kafka_cluster, victim)
            leads.append(time.monotonic() - killed)
            _let_begin(DURING, conversations)
            victim.start()
            returned = time.monotonic()
            kafka_cluster.wait_in_sync()
            returns.append(time.monotonic() - returned)
    measured["another broker leads"] = f"{max(leads):.1f} s after the kill (worst of {len(leads)})"
    measured["killed broker in sync"] = f"{max(returns):.1f} s after it is ready again (worst of {len(returns)})"
    measured["totals after the loss of a broker"] = str(verify_all_stored_once(system, conversations))
    assert {name: stage.pid for name, stage in system.stages.items()} == pids


def _let_begin(count: int, conversations: Sequence[object]) -> None:
    enough = len(conversations) + count
    wait_until(lambda: len(conversations) >= enough, f"{count} more conversations have begun")


def _wait_for_others(cluster: KafkaCluster, gone: KafkaBroker) -> None:
    wait_until(lambda: not {gone, None} & set(_leaders(cluster)), "the others lead")


def _leaders(cluster: KafkaCluster) -> list[KafkaBroker | None]:
    return [cluster.leader(MESSAGES, number) for number in range(PARTITIONS)]
