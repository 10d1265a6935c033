"""Workers that start for the first time, on a backlog and without committed offsets, take every message."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.environment import start_environment
from bench.load import Load
from stream.contracts.topics import SESSIONS

TRIES, TRIES_LONG = 1, 10
"""How many first starts are tried; before `stream/faust_support/driver.py` a third lost half of the messages."""
SESSIONS_A_TRY, MESSAGES_A_SESSION = 150, 20
AFTER_S = 0.3
"""Seconds between the two starts: the second worker joins while the first processes what it has fetched."""


@pytest.mark.fault("two workers begin together on a backlog", holds="one row a session, no gap")
def test_the_first_messages_of_a_group_are_taken_too(
    tmp_path: Path, measured: dict[str, str], long: bool, seed: int
) -> None:
    """On a new broker each time, the second worker starts 0.3 s after the first, before anything was committed."""
    tries = TRIES_LONG if long else TRIES
    for number in range(tries):
        with start_environment(tmp_path / str(number), lambda _line: None) as environment, ExitStack() as workers:
            load = Load(SESSIONS_A_TRY, MESSAGES_A_SESSION, seed=seed + number)
            environment.produce(load.events())
            for worker in range(2):
                workers.enter_context(environment.stream_worker(worker))
                time.sleep(AFTER_S)
            environment.wait_for_records(SESSIONS, load.sessions)
            assert len(environment.changelog_entries()) == load.total
    measured["first starts"] = f"{tries}, {SESSIONS_A_TRY * MESSAGES_A_SESSION} messages each"
