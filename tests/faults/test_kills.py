"""Stages are killed, again and again, at moments that a seed decides, while conversations go on."""

import random
import threading
import time

import pytest

from tests.faults.accounting import balance, load
from tests.faults.conftest import STAGES
from tests.faults.recovery import BACK_WITHIN_S, Times, kill_and_return
from tests.fixtures.system import System

ROUNDS, ROUNDS_LONG = 5, 25
"""Each kills four stages side by side, each at its own moment: 20 kills, and 100."""
SPREAD_S = 2.5
"""Of the moments: longer than a record needs from end to end, so that it may be anywhere."""


@pytest.mark.fault("SIGKILL of each stage at random points", holds="one row a session, no gap; back at work in 15 s")
def test_a_storm_of_kills_loses_nothing(system: System, figures: dict[str, str], long: bool, seed: int) -> None:
    """SIGKILL at seeded moments under load, four stages side by side, each started again at once."""
    rounds = ROUNDS_LONG if long else ROUNDS
    moments = random.Random(seed)
    times = Times()
    errors: list[BaseException] = []

    def hit(name: str, after_s: float) -> None:
        time.sleep(after_s)
        try:
            times.add(name, kill_and_return(system, name))
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            errors.append(error)

    with load(system, seed) as talks:
        for _ in range(rounds):
            blows = [threading.Thread(target=hit, args=(name, moments.uniform(0, SPREAD_S))) for name in STAGES]
            for blow in blows:
                blow.start()
            for blow in blows:
                blow.join()
            assert not errors, errors
    figures["kills"] = str(rounds * len(STAGES))
    figures.update(times.figures())
    figures["books after the kills"] = str(balance(system, talks))
    assert times.worst <= BACK_WITHIN_S, times
