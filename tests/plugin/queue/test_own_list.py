"""Tests of a therapist's own list on a real database: its order, its pages, and what falls out of it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine

from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, START, apply_records, record

SENT = [record(conversation=f"c_{number}", started_at=START - timedelta(days=number)) for number in range(5)]


def release_all(engine: Engine, people: People) -> list[UUID]:
    """Release five sessions an hour after the other, and return them from the latest release to the first."""
    apply_records(engine, *SENT)
    for hour, sent in enumerate(SENT):
        at = NOW + timedelta(hours=hour)
        Store(engine, KEK, now=lambda at=at: at).decide(  # type: ignore[misc]
            people.supervisor, sent.session_id, 1, DecisionKind.RELEASED
        )
    return [sent.session_id for sent in reversed(SENT)]


def test_pages_follow_each_other_by_the_time_of_the_release(engine: Engine, store: Store, people: People) -> None:
    """Each page begins after the last session of the one before; together they hold every session once."""
    expected, found, after = release_all(engine, people), list[UUID](), None
    while page := store.own_sessions(people.ana, after, size=2):
        assert len(page) <= 2
        found += [row.session_id for row in page]
        after = found[-1]
    assert found == expected


def test_sessions_released_at_one_time_are_neither_lost_nor_shown_twice(
    engine: Engine, store: Store, people: People
) -> None:
    """Several sessions that were released at the same moment have an order of their own."""
    apply_records(engine, *SENT)
    for sent in SENT:
        store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    first = store.own_sessions(people.ana, size=2)
    rest = store.own_sessions(people.ana, first[-1].session_id)
    assert len({row.session_id for row in (*first, *rest)}) == len(first) + len(rest) == len(SENT)


def test_a_place_that_is_gone_leads_to_the_beginning(engine: Engine, store: Store, people: People) -> None:
    """Where the session that marked a place was withheld since, the list begins anew."""
    latest, second, *rest = release_all(engine, people)
    store.decide(people.supervisor, second, 1, DecisionKind.WITHHELD)
    assert [row.session_id for row in store.own_sessions(people.ana, second)] == [latest, *rest]
    assert store.own_sessions(people.ben, latest) == ()
