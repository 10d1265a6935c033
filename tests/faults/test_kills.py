"""Nothing is lost when stages are killed repeatedly, at moments set by a seed, while conversations go on."""

import random
import threading
import time

import pytest

from tests.faults.accounting import Load, verify_all_stored_once
from tests.faults.recovery import RECOVERY_LIMIT_S, RecoveryTimes, kill_and_measure_recovery
from tests.fixtures.system import MEASURED_STAGES, RunningSystem

ROUNDS, ROUNDS_LONG = 2, 25
"""How many rounds kill each of the five stages once: 10 kills in the short run, and 125 in the long run."""
SPREAD_S = 2.5
"""Seconds over which the kills of a round spread: longer than a record needs from end to end, so it may be anywhere."""


@pytest.mark.fault(
    "SIGKILL of each stage at random points", holds="one row a session, measured once, no gap; back at work in 15 s"
)
def test_a_storm_of_kills_loses_nothing(
    system: RunningSystem, measured: dict[str, str], long: bool, seed: int, load: Load
) -> None:
    """Each of the five stages gets SIGKILL at seeded moments under load, and is started again at once."""
    rounds = ROUNDS_LONG if long else ROUNDS
    moments = random.Random(seed)
    times = RecoveryTimes()
    errors: list[BaseException] = []

    def hit(name: str, after_s: float) -> None:
        time.sleep(after_s)
        try:
            times.add(name, kill_and_measure_recovery(system, name))
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            errors.append(error)

    with load(system) as conversations:
        for _ in range(rounds):
            blows = [
                threading.Thread(target=hit, args=(name, moments.uniform(0, SPREAD_S))) for name in MEASURED_STAGES
            ]
            for blow in blows:
                blow.start()
            for blow in blows:
                blow.join()
            assert not errors, errors
    measured["kills"] = str(rounds * len(MEASURED_STAGES))
    measured.update(times.table_cells())
    measured["totals after the kills"] = str(verify_all_stored_once(system, conversations))
    if long:  # the short run judges no speed
        assert times.worst <= RECOVERY_LIMIT_S, times
