"""When PostgreSQL stops, is slow, deadlocks or closes connections, the sink waits and then stores each session once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from stream.contracts.topics import FEEDBACK
from tests.faults.dedicated_system import DedicatedSystem
from tests.fixtures.system import PlatformConversation
from tests.fixtures.waiting import wait_until

CONVERSATIONS = 6
HOLDS = "ingest, detection and feedback go on; records are held, none is dead-lettered; one row each by itself"

pytestmark = pytest.mark.usefixtures("no_dead_letters")


@contextmanager
def administrator_transaction(dedicated: DedicatedSystem) -> Iterator[psycopg.Connection[Any]]:
    """Yield an administrator's connection in a transaction that checks for deadlocks later than the sink does."""
    with psycopg.connect(dedicated.postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET deadlock_timeout = '60s'")
        with connection.transaction():
            yield connection


def assert_all_stored(dedicated: DedicatedSystem, conversations: list[PlatformConversation]) -> None:
    """Wait until each session is stored once, with its one answer, and measured; and the sink is ready."""
    dedicated.wait_until_answered(conversations)
    dedicated.wait_until_measured(conversations)
    wait_until(lambda: dedicated.readiness_troubles("sink") == {}, "the sink is ready")


@pytest.mark.fault("PostgreSQL stopped", holds=HOLDS)
def test_while_the_database_is_stopped_the_rest_goes_on(dedicated: DedicatedSystem, measured: dict[str, str]) -> None:
    """PostgreSQL gets SIGINT while conversations end, and is started again once their records wait."""
    before = dedicated.record_count(FEEDBACK)
    dedicated.postgres.stop()
    conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
    wait_until(lambda: "database" in dedicated.readiness_troubles("sink"), "the sink says that it waits")
    assert "PostgreSQL does not answer" in dedicated.readiness_troubles("sink")["database"]
    assert dedicated.metric("sink", "counterpoint_database_away") == 1
    wait_until(lambda: dedicated.record_count(FEEDBACK) >= before + CONVERSATIONS, "feedback is made and published")
    assert dedicated.readiness_troubles("stream") == dedicated.readiness_troubles("feedback") == {}
    dedicated.postgres.start()
    begun = time.monotonic()
    wait_until(lambda: any(dedicated.answer_outcomes(conversation) for conversation in conversations), "a first row")
    measured["PostgreSQL back to first row"] = f"{time.monotonic() - begun:.1f} s"
    assert_all_stored(dedicated, conversations)


@pytest.mark.fault("PostgreSQL slow", holds=HOLDS)
def test_a_statement_that_takes_too_long_is_given_up_and_tried_again(
    dedicated: DedicatedSystem, measured: dict[str, str]
) -> None:
    """Another transaction locks the table until the sink's statement has timed out, then ends."""
    timed_out = count_in_log(dedicated, "canceling statement due to statement timeout")
    with administrator_transaction(dedicated) as other:
        other.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
        begun = time.monotonic()
        wait_until(
            lambda: count_in_log(dedicated, "canceling statement due to statement timeout") > timed_out,
            "the sink's statement times out",
        )
    measured["slow statement given up after"] = f"{time.monotonic() - begun:.1f} s"
    assert_all_stored(dedicated, conversations)


@pytest.mark.fault("PostgreSQL deadlocked", holds=HOLDS)
def test_the_victim_of_a_deadlock_tries_again(dedicated: DedicatedSystem) -> None:
    """The sink and another transaction each wait for a lock that the other holds; PostgreSQL rolls back the sink."""
    seen = count_in_log(dedicated, "deadlock detected")
    with administrator_transaction(dedicated) as other:
        other.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        conversation = dedicated.finished_conversation()
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'sessions'::regclass"
        wait_until(lambda: dedicated.system.rows(waiting), "the sink waits for the table")
        ((pid,),) = dedicated.system.rows(waiting)
        ((high, low),) = dedicated.system.rows(
            "SELECT classid::bigint, objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :p"
            " AND mode = 'ExclusiveLock'",
            p=pid,
        )
        # Waiting for the conversation's advisory lock completes the deadlock; the lock is granted when the sink loses.
        other.execute("SELECT pg_advisory_xact_lock((%s::bigint << 32) | %s::bigint)", [high, low])
        assert count_in_log(dedicated, "deadlock detected") > seen
    assert_all_stored(dedicated, [conversation])


@pytest.mark.fault("PostgreSQL hangs up", holds=HOLDS)
def test_connections_that_end_are_made_again(dedicated: DedicatedSystem, measured: dict[str, str]) -> None:
    """An administrator ends the sink's connections repeatedly while it stores sessions."""
    conversations: list[PlatformConversation] = []
    ended = 0
    for _ in range(CONVERSATIONS):
        conversations.append(dedicated.finished_conversation())
        for _ in range(3):
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ended += len(dedicated.system.rows(query + " AND backend_type = 'client backend'"))
            time.sleep(0.05)
    assert_all_stored(dedicated, conversations)
    measured["connections ended"] = str(ended)


def count_in_log(dedicated: DedicatedSystem, words: str) -> int:
    """Return how often PostgreSQL has logged these words."""
    return dedicated.postgres.log.read_text().count(words)
