"""Tests of the pages of a supervisor's lists on a real database: their order, their numbers, and what comes next."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import Engine

from plugin.database.needs import Need
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import paging
from plugin.queue.filters import EVERYTHING, OVERDUE_AFTER, QueueFilter, QueueList, QueueOrder
from plugin.queue.paging import PAGE
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, SessionList
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Concern, Level, MarkKind
from tests.plugin.conftest import People
from tests.plugin.queue.calibrated import Team, crew, store_sessions
from tests.plugin.samples import KEK, NOW, START, TENANT, add_person, apply_records, left_out, mark, record

__all__ = ["crew"]
Read = Callable[[Viewer, QueueFilter, UUID | None], SessionList]
BY_AGE, BY_THERAPIST = QueueFilter(order=QueueOrder.AGE), QueueFilter(order=QueueOrder.THERAPIST)


@pytest.fixture
def second(engine: Engine) -> Viewer:
    """Return a second supervisor of the same team."""
    return add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a page two sessions long, so that few sessions fill several."""
    monkeypatch.setattr(paging, "PAGE", 2)


def day(number: int) -> datetime:
    """Return the start of a session on this day."""
    return START + timedelta(days=number)


def walk(read: Read, viewer: Viewer, chosen: QueueFilter = EVERYTHING) -> list[UUID]:
    """Return the sessions of a list in the order of its pages, from the first to the last."""
    found: list[UUID] = []
    after = None
    while True:
        page = read(viewer, chosen, after)
        found += [row.session_id for row in page.rows]
        if not page.goes_on:
            return found
        after = found[-1]


def ids_of(*records: FeedbackRecord) -> list[UUID]:
    """Return the ids of some sessions, in this order."""
    return [each.session_id for each in records]


# --- order and pages ---


def test_a_page_holds_25_sessions_and_says_whether_the_list_goes_on(
    engine: Engine, store: Store, people: People
) -> None:
    """A list is cut at 25 sessions, says that it goes on, and its numbers count all of it."""
    apply_records(engine, *(left_out(started_at=START + timedelta(hours=hour)) for hour in range(PAGE + 1)))
    first = store.left_out(people.supervisor)
    assert (len(first.rows), first.total, first.matching, first.goes_on) == (PAGE, PAGE + 1, PAGE + 1, True)
    assert first.rows[0].started_at == START + timedelta(hours=PAGE)
    last = store.left_out(people.supervisor, after=first.rows[-1].session_id)
    assert [row.started_at for row in last.rows] == [START]
    assert (last.total, last.goes_on) == (PAGE + 1, False)


@pytest.mark.usefixtures("pages_of_two")
@pytest.mark.parametrize("order", [None, *QueueOrder])
def test_every_session_is_on_one_page_in_each_order(
    engine: Engine, store: Store, people: People, order: QueueOrder | None
) -> None:
    """Each list shows every session once over its pages, in whichever order, also where the order says nothing."""
    waiting = [record(conversation=f"c_{number}") for number in range(5)]  # which end at the same time
    decided = [record(conversation=f"d_{number}") for number in range(5)]
    apart = [left_out(conversation=f"l_{number}") for number in range(5)]
    apply_records(engine, *waiting, *decided, *apart)
    for each in decided:
        store.decide(people.supervisor, each.session_id, 1, DecisionKind.RELEASED)
    for read, expected in ((store.waiting, waiting), (store.decided, decided), (store.left_out, apart)):
        assert sorted(walk(read, people.supervisor, QueueFilter(order=order))) == sorted(ids_of(*expected))


@pytest.mark.usefixtures("pages_of_two")
def test_the_orders_are_need_age_and_the_alphabet(engine: Engine, store: Store, people: People) -> None:
    """The waiting sessions come by need, by age or by the counsellor's name, and then the oldest first."""
    add_person(engine, "\u00e4nne", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_anne")
    add_person(engine, "zoe", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_zoe")
    zoe = record(started_at=day(0), counsellor="p_zoe")
    late = record(started_at=day(3), counsellor="p_ana")
    early = record(started_at=day(1), counsellor="p_ana")
    anne = record(started_at=day(2), counsellor="p_anne", marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),))
    apply_records(engine, zoe, late, early, anne)
    assert walk(store.waiting, people.supervisor) == ids_of(anne, zoe, early, late)
    assert walk(store.waiting, people.supervisor, BY_AGE) == ids_of(zoe, early, anne, late)
    assert walk(store.waiting, people.supervisor, BY_THERAPIST) == ids_of(early, late, anne, zoe)  # Ana, Änne, Zoe


@pytest.mark.usefixtures("pages_of_two")
def test_decided_and_left_out_sessions_come_latest_first(engine: Engine, people: People) -> None:
    """The decided sessions come by the time of the decision, those left out by their end, each the latest first."""
    decided = [record(started_at=day(number)) for number in range(3)]
    apart = [left_out(started_at=day(number), conversation="c_apart") for number in range(3)]
    apply_records(engine, *decided, *apart)
    for minute, number in enumerate((1, 2, 0)):
        store = Store(engine, KEK, now=partial(NOW.__add__, timedelta(minutes=minute)))
        store.decide(people.supervisor, decided[number].session_id, 1, DecisionKind.WITHHELD)
    assert walk(store.decided, people.supervisor) == ids_of(decided[0], decided[2], decided[1])
    assert walk(store.left_out, people.supervisor) == ids_of(*reversed(apart))


def test_the_list_is_whole_though_sessions_leave_and_arrive_between_two_pages(
    engine: Engine, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page begins after its session wherever that stands now, so a decision and an arrival move nobody's place."""
    monkeypatch.setattr(paging, "PAGE", 2)
    sent = [record(started_at=day(number)) for number in range(1, 5)]
    apply_records(engine, *sent)
    first = store.waiting(people.supervisor)
    for row in first.rows:
        store.decide(people.supervisor, row.session_id, 1, DecisionKind.RELEASED)
    apply_records(engine, record(started_at=day(0)))
    second = store.waiting(people.supervisor, after=first.rows[-1].session_id)
    assert [row.session_id for row in second.rows] == ids_of(*sent[2:])


@pytest.mark.parametrize("after", [UUID(int=0), "another team's"])
def test_a_place_that_is_none_begins_the_list_anew(
    engine: Engine, store: Store, people: People, after: UUID | str
) -> None:
    """A page after an erased session, or after one of another team, is the first page and tells nothing of either."""
    sent, hidden = record(), record(conversation="c_south", counsellor="p_ben", started_at=day(1))
    apply_records(engine, sent, hidden)
    place = after if isinstance(after, UUID) else hidden.session_id
    assert [row.session_id for row in store.waiting(people.supervisor, after=place).rows] == ids_of(sent)


# --- numbers ---


def test_the_numbers_say_what_waits_what_is_overdue_and_what_is_claimed(
    engine: Engine, store: Store, people: People, second: Viewer
) -> None:
    """The numbers count the waiting sessions, those that ended more than a week ago, and the viewer's claims."""
    old = NOW - OVERDUE_AFTER - timedelta(minutes=45)  # they last 45 minutes
    barely, not_yet = record(started_at=old - timedelta(seconds=1)), record(started_at=old)
    mine, theirs = record(conversation="c_mine"), record(conversation="c_theirs")
    elsewhere = record(conversation="c_south", counsellor="p_ben", started_at=old - timedelta(days=1))
    apply_records(engine, barely, not_yet, mine, theirs, elsewhere)
    store.reviews.claim(people.supervisor, mine.session_id)
    store.reviews.claim(second, theirs.session_id)
    page = store.waiting(people.supervisor)
    assert (page.total, page.overdue, page.claimed, page.matching) == (4, 1, 1, 4)
    filtered = store.waiting(people.supervisor, QueueFilter(need=Need.RISK))
    assert (filtered.rows, filtered.total, filtered.overdue, filtered.claimed, filtered.matching) == ((), 4, 1, 1, 0)


# --- the next session ---


def test_next_follows_the_list_and_skips_what_others_have_claimed(
    engine: Engine, store: Store, people: People, second: Viewer
) -> None:
    """The next session is the one after the present in the list, decided or not, without those of other reviewers."""
    sent = [record(started_at=day(number)) for number in range(4)]
    apply_records(engine, *sent)
    first, mine, theirs, last = ids_of(*sent)
    store.reviews.claim(people.supervisor, mine)
    store.reviews.claim(second, theirs)

    def following(viewer: Viewer, after: UUID | None) -> UUID | None:
        return store.next_session(viewer, QueueList.WAITING, EVERYTHING, after)

    assert following(people.supervisor, None) == first
    store.decide(people.supervisor, first, 1, DecisionKind.RELEASED)
    assert following(people.supervisor, first) == mine
    assert following(people.supervisor, mine) == last
    assert following(people.supervisor, last) is None
    assert following(second, first) == theirs


def test_next_leaves_out_what_a_calibration_asks_to_rate_first(crew: Team, engine: Engine) -> None:
    """A session of a calibration is no next one before its moment is rated, since opening it would show the levels."""
    (sent,) = store_sessions(engine, 1)
    later = record(conversation="c_later", started_at=day(1))
    apply_records(engine, later)

    def following() -> UUID | None:
        return crew.store.next_session(crew.mara, QueueList.WAITING, BY_AGE, None)

    calibration_id = crew.open(size=1, seed=1)
    (drawn,) = crew.store.calibrations.to_rate_first(crew.mara)
    assert following() == ({sent.session_id, later.session_id} - {drawn}).pop()
    crew.rate_all(crew.mara, calibration_id)
    assert following() == sent.session_id


def test_next_keeps_to_the_filter_and_its_order(engine: Engine, store: Store, people: People) -> None:
    """The next session is one that the filter leaves in the list, in the order that was chosen."""
    plain = record(started_at=day(0))
    older = record(started_at=day(1), level=Level.NONE)
    newer = record(started_at=day(2), level=Level.NONE)
    apply_records(engine, plain, older, newer)
    chosen = QueueFilter(need=Need.WITHOUT_EXPRESSION, order=QueueOrder.AGE)
    following = [
        store.next_session(people.supervisor, QueueList.WAITING, chosen, after)
        for after in (None, older.session_id, newer.session_id)
    ]
    assert following == [older.session_id, newer.session_id, None]


@pytest.mark.parametrize("who", ["ana", "operator"])
def test_nobody_but_a_supervisor_has_lists(engine: Engine, store: Store, people: People, who: str) -> None:
    """A therapist and an operator get no page, no next session, no rows and no names."""
    sent = record()
    apply_records(engine, sent)
    viewer: Viewer = getattr(people, who)
    assert store.waiting(viewer) == SessionList()
    assert store.next_session(viewer, QueueList.WAITING, EVERYTHING, None) is None
    assert store.rows(viewer, [sent.session_id]) == {}
    assert store.therapists(viewer) == ()
