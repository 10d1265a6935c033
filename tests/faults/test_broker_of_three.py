"""Nothing is lost when one broker of three is killed while conversations go on."""

import time
from collections.abc import Callable, Sequence

import pytest

from plugin.local.kafka import KafkaBroker
from stream.contracts.topics import MESSAGES
from tests.faults.accounting import conversation_load, verify_all_stored_once
from tests.fixtures.kafka_cluster import KafkaCluster
from tests.fixtures.system import PARTITIONS, RECORD_STAGES, RunningSystem
from tests.fixtures.waiting import wait_until

BEFORE, DURING = 3, 6
"""How many conversations have begun when the broker is killed, and how many begin while it is away."""
ROUNDS_LONG = 5
"""How many times the long run kills a broker."""


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
    system: RunningSystem, kafka_cluster: KafkaCluster, measured: dict[str, str], long: bool, seed: int
) -> None:
    """A broker that leads partitions gets SIGKILL under load; it stays away, then comes back and catches up."""
    pids = {name: stage.pid for name, stage in system.stages.items()}
    leads, returns = [], []
    with conversation_load(system, seed) as conversations:
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
