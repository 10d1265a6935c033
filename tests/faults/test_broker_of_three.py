"""One broker of three is killed while conversations go on."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from plugin.local.kafka import Kafka
from plugin.local.triton import Triton
from stream.contracts.topics import MESSAGES
from tests.faults.accounting import balance, load
from tests.faults.conftest import STAGES
from tests.fixtures.kafka_cluster import KafkaCluster
from tests.fixtures.system import PARTITIONS, System, running_system, wait_until

BEFORE, DURING = 3, 6
"""Conversations that have begun when the broker is killed, and that begin while it is away."""
ROUNDS_LONG = 5
"""Kills in the long run."""


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    kafka_cluster: KafkaCluster,
    create_database: Callable[..., str],
    triton: Triton,
) -> Iterator[System]:
    """The stages on three brokers, three copies of each record, two of them before it counts."""
    folder: Path = tmp_path_factory.mktemp("three")
    survivor = kafka_cluster.nodes[0]
    with running_system(
        folder,
        survivor,
        create_database(),
        triton,
        names=STAGES,
        COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS=kafka_cluster.bootstrap_servers,
        COUNTERPOINT_KAFKA__REPLICATION="3",
    ) as running:
        yield running


@pytest.mark.fault("one broker of three killed during load", holds="one row a session, no gap, nobody restarts")
def test_the_loss_of_one_broker_of_three_loses_nothing(
    system: System, kafka_cluster: KafkaCluster, figures: dict[str, str], long: bool, seed: int
) -> None:
    """SIGKILL of a broker that leads partitions, under load; it stays away, then comes back and catches up."""
    pids = {name: stage.pid for name, stage in system.stages.items()}
    leads, returns = [], []
    with load(system, seed) as talks:
        for _ in range(ROUNDS_LONG if long else 1):
            _let_begin(BEFORE, talks)
            victim = next(node for node in _leaders(kafka_cluster) if node not in {None, system.kafka})
            assert victim is not None
            victim.kill()
            killed = time.monotonic()
            _wait_for_others(kafka_cluster, victim)
            leads.append(time.monotonic() - killed)
            _let_begin(DURING, talks)
            victim.start()
            returned = time.monotonic()
            kafka_cluster.wait_in_sync()
            returns.append(time.monotonic() - returned)
    figures["another broker leads"] = f"{max(leads):.1f} s after the kill (worst of {len(leads)})"
    figures["killed broker in sync"] = f"{max(returns):.1f} s after it is ready again (worst of {len(returns)})"
    figures["books after the loss of a broker"] = str(balance(system, talks))
    assert {name: stage.pid for name, stage in system.stages.items()} == pids


def _let_begin(count: int, talks: Sequence[object]) -> None:
    enough = len(talks) + count
    wait_until(lambda: len(talks) >= enough, f"{count} more conversations have begun")


def _wait_for_others(cluster: KafkaCluster, gone: Kafka) -> None:
    wait_until(lambda: not {gone, None} & set(_leaders(cluster)), "the others lead")


def _leaders(cluster: KafkaCluster) -> list[Kafka | None]:
    return [cluster.leader(MESSAGES, number) for number in range(PARTITIONS)]
