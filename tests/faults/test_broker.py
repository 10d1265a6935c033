"""Nothing is lost when the broker restarts or cannot be reached for a while under load."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.triton import TritonServer
from tests.faults.accounting import Load, ScriptedConversation, verify_all_stored_once
from tests.faults.conftest import supervised
from tests.faults.proxy import Proxy
from tests.fixtures.system import MEASURED_STAGES, RunningSystem, running_system
from tests.fixtures.waiting import DEADLOCK_S, wait_until

AWAY_S, AWAY_LONG_S = 18.0, 60.0
"""How long the broker cannot be reached, in seconds: in the short run, and in the long run."""
ENOUGH = 15
"""How many conversations have begun before the fault: more than run at once, so that some have ended."""


@pytest.fixture(scope="module")
def line() -> Iterator[Proxy]:
    """Yield a proxy to the broker, whose target is set once the broker has its port."""
    with Proxy(free_ports(1)[0]) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    run_dir: Path,
    line: Proxy,
    create_database: Callable[..., str],
    triton: TritonServer,
) -> Iterator[RunningSystem]:
    """Yield a system whose stages reach their broker through the proxy alone."""
    broker = KafkaBroker(run_dir / "broker-behind-a-line")
    broker.advertised_address = line.address
    line.target = int(broker.client_address.rpartition(":")[2])
    with (
        broker,
        running_system(
            tmp_path_factory.mktemp("broker"), broker, create_database(), triton, names=MEASURED_STAGES
        ) as running,
    ):
        yield running


def first_stored_after(conversations: list[ScriptedConversation]) -> float:
    """Return the seconds until a conversation that begins now is in the queue, which takes every stage."""
    begun, known = time.monotonic(), len(conversations)

    def stored() -> bool:
        return any(scripted.conversation.sessions() for scripted in conversations[known:])

    wait_until(stored, "a conversation goes all the way again", DEADLOCK_S)
    return time.monotonic() - begun


@pytest.mark.fault("broker restarted", holds="one row a session, no gap")
def test_a_broker_that_restarts_loses_nothing(system: RunningSystem, measured: dict[str, str], load: Load) -> None:
    """The broker is asked to end under load, and started again on its data."""
    with supervised(system), load(system) as conversations:
        wait_until(lambda: len(conversations) > ENOUGH, "some conversations have ended")
        system.kafka.restart()
        measured["back after the broker's restart"] = f"{first_stored_after(conversations):.1f} s to the first row"
    measured["totals after the broker's restart"] = str(verify_all_stored_once(system, conversations))


@pytest.mark.fault("broker out of reach", holds="one row a session, no gap")
def test_a_broker_out_of_reach_loses_nothing(
    system: RunningSystem, line: Proxy, measured: dict[str, str], long: bool, load: Load
) -> None:
    """Nothing passes to or from the broker for 18 s (60 s in the long run): connections go silent, then are refused."""
    away_s = AWAY_LONG_S if long else AWAY_S
    with supervised(system) as said, load(system) as conversations:
        wait_until(lambda: len(conversations) > ENOUGH, "some conversations have ended")
        line.black_hole()
        time.sleep(away_s * 2 / 3)
        line.refuse()
        time.sleep(away_s / 3)
        line.restore()
        back_s = first_stored_after(conversations)
    again = sum("starting it again" in line for line in said)
    measured[f"back after {away_s:g} s"] = f"{back_s:.1f} s to the first row; {again} stages were started again"
    measured["totals after the outage"] = str(verify_all_stored_once(system, conversations))
