"""PostgreSQL goes, dawdles, deadlocks and hangs up: the sink waits and goes on by itself, one row each."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from stream.contracts.topics import DEAD_LETTERS, FEEDBACK
from tests.faults.unreliable_model import Frail
from tests.fixtures.system import Platform, wait_until

ROOMS = 6
HOLDS = "ingest, detection and feedback go on; records are held, none is dead-lettered; one row each by itself"


@pytest.fixture(autouse=True)
def _nothing_is_set_aside(frail: Frail) -> Iterator[None]:
    """What fails here is not the records' fault."""
    before = frail.written(DEAD_LETTERS)
    yield
    assert frail.written(DEAD_LETTERS) == before


@contextmanager
def saboteur(frail: Frail) -> Iterator[psycopg.Connection[Any]]:
    """A connection of a database administrator, in a transaction, whose own deadlock check comes too late."""
    with psycopg.connect(frail.postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET deadlock_timeout = '60s'")
        with connection.transaction():
            yield connection


def all_stored(frail: Frail, rooms: list[Platform]) -> None:
    """Each session is there once, with its one answer; the sink is well."""
    wait_until(lambda: all(frail.answers(room) for room in rooms), "every session is stored")
    assert [frail.answers(room) for room in rooms] == [[None]] * len(rooms)
    assert [len(room.sessions()) for room in rooms] == [1] * len(rooms)
    wait_until(lambda: frail.troubles("sink") == {}, "the sink is well")


@pytest.mark.fault("PostgreSQL stopped", holds=HOLDS)
def test_while_the_database_is_stopped_the_rest_goes_on(frail: Frail, figures: dict[str, str]) -> None:
    """SIGINT to PostgreSQL while conversations end; started again when they wait."""
    before = frail.written(FEEDBACK)
    frail.postgres.stop()
    rooms = [frail.room() for _ in range(ROOMS)]
    wait_until(lambda: "database" in frail.troubles("sink"), "the sink says that it waits")
    assert "PostgreSQL does not answer" in frail.troubles("sink")["database"]
    assert frail.metric("sink", "counterpoint_database_away") == 1
    wait_until(lambda: frail.written(FEEDBACK) >= before + ROOMS, "feedback is made and published")
    assert frail.troubles("stream") == frail.troubles("feedback") == {}
    frail.postgres.start()
    begun = time.monotonic()
    wait_until(lambda: any(frail.answers(room) for room in rooms), "a first row")
    figures["PostgreSQL back to first row"] = f"{time.monotonic() - begun:.1f} s"
    all_stored(frail, rooms)


@pytest.mark.fault("PostgreSQL slow", holds=HOLDS)
def test_a_statement_that_takes_too_long_is_given_up_and_tried_again(frail: Frail, figures: dict[str, str]) -> None:
    """Another transaction locks the table until the sink's statement has timed out, then ends."""
    timed_out = complaints(frail, "canceling statement due to statement timeout")
    with saboteur(frail) as other:
        other.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        rooms = [frail.room() for _ in range(ROOMS)]
        begun = time.monotonic()
        wait_until(
            lambda: complaints(frail, "canceling statement due to statement timeout") > timed_out,
            "the sink's statement times out",
        )
    figures["slow statement given up after"] = f"{time.monotonic() - begun:.1f} s"
    all_stored(frail, rooms)


@pytest.mark.fault("PostgreSQL deadlocked", holds=HOLDS)
def test_the_victim_of_a_deadlock_tries_again(frail: Frail) -> None:
    """Another transaction waits for what the sink holds and holds what it waits for; the sink is the one that loses."""
    seen = complaints(frail, "deadlock detected")
    with saboteur(frail) as other:
        other.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        room = frail.room()
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'sessions'::regclass"
        wait_until(lambda: frail.system.rows(waiting), "the sink waits for the table")
        ((pid,),) = frail.system.rows(waiting)
        ((high, low),) = frail.system.rows(
            "SELECT classid::bigint, objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :p"
            " AND mode = 'ExclusiveLock'",
            p=pid,
        )
        # The conversation's own lock. To wait for it closes the circle; it is given when the sink has lost.
        other.execute("SELECT pg_advisory_xact_lock((%s::bigint << 32) | %s::bigint)", [high, low])
        assert complaints(frail, "deadlock detected") > seen
    all_stored(frail, [room])


@pytest.mark.fault("PostgreSQL hangs up", holds=HOLDS)
def test_connections_that_end_in_the_middle_are_made_anew(frail: Frail, figures: dict[str, str]) -> None:
    """An administrator ends the sink's connections, again and again, while it stores."""
    rooms: list[Platform] = []
    ended = 0
    for _ in range(ROOMS):
        rooms.append(frail.room())
        for _ in range(3):
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ended += len(frail.system.rows(query + " AND backend_type = 'client backend'"))
            time.sleep(0.05)
    all_stored(frail, rooms)
    figures["connections ended"] = str(ended)


def complaints(frail: Frail, words: str) -> int:
    """How often PostgreSQL has logged it."""
    return frail.postgres.log.read_text().count(words)
