"""Tests of follow-ups on a real database: when a note is due, on whose clocks, for whom, and until when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from plugin.database.engine import transaction
from plugin.database.viewer import Viewer
from plugin.queue.filters import FollowUpState, QueueFilter
from plugin.queue.follow_ups import FOLLOW_UPS_SHOWN
from plugin.queue.news import SETTLED_AFTER, NewsCounts, count_news
from plugin.queue.views import DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal
from tests.plugin.queue.desks import DONE, Desks, desks
from tests.plugin.samples import CONVERSATION, NOW, TENANT, record

__all__ = ["desks"]

SENT = record()
TODAY = NOW.date()
DAY = timedelta(days=1)
CHANGED = DecisionOutcome.CHANGED


def write(
    desks: Desks, day: date | None, sent: FeedbackRecord = SENT, *, by: Viewer | None = None, shared: bool = False
) -> UUID:
    """Write a note to follow up on a day, and return its id."""
    viewer = by or desks.mara
    before = {each.note_id for each in desks.view(viewer, sent).notes}
    outcome = desks.store.reviews.add_note(viewer, sent.session_id, None, "Ask again.", shared=shared, follow_up_on=day)
    assert outcome is DONE
    return next(each.note_id for each in desks.view(viewer, sent).notes if each.note_id not in before)


def due(desks: Desks, viewer: Viewer | None = None) -> list[UUID]:
    """Return the notes that are due for somebody, in order."""
    found = desks.store.follow_ups(viewer or desks.mara)
    assert found.total == len(found.shown)
    return [each.note_id for each in found.shown]


def listed(desks: Desks, state: FollowUpState, viewer: Viewer | None = None) -> set[UUID]:
    """Return the waiting sessions that the filter leaves."""
    page = desks.store.waiting(viewer or desks.mara, QueueFilter(follow_up=state))
    return {row.session_id for row in page.rows}


def test_a_note_is_due_from_its_day_until_it_is_done(desks: Desks) -> None:
    """A note is due on its day and after it, the longest due first, until its author says that it is done."""
    desks.come(SENT, other := record(conversation="c_other"))
    late, today, soon = write(desks, TODAY - DAY, other), write(desks, TODAY), write(desks, TODAY + DAY)
    write(desks, None)
    assert due(desks) == [late, today]
    desks.wait(days=1)
    assert due(desks) == [late, today, soon]
    assert desks.store.reviews.finish_follow_up(desks.mara, other.session_id, late) is DONE
    assert due(desks) == [today, soon]
    first = desks.store.follow_ups(desks.mara).shown[0]
    assert (first.day, first.row.session_id, first.row.counsellors) == (TODAY, SENT.session_id, ("Ana",))


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Pacific/Auckland", datetime(2026, 3, 9, 11, 30, tzinfo=UTC), True),  # half past midnight there
        ("UTC", datetime(2026, 3, 9, 11, 30, tzinfo=UTC), False),
        ("America/Los_Angeles", datetime(2026, 3, 10, 6, 30, tzinfo=UTC), False),  # still the evening before
        ("America/Los_Angeles", datetime(2026, 3, 10, 7, 30, tzinfo=UTC), True),
    ],
)
def test_a_day_begins_on_the_clocks_of_the_author(desks: Desks, zone: str, now: datetime, expected: bool) -> None:
    """A note for the 10th is due once it is the 10th in the zone that its author chose."""
    desks.come(SENT)
    desks.mara = replace(desks.mara, zone=zone)
    note = write(desks, date(2026, 3, 10))
    desks.now = now
    assert due(desks) == ([note] if expected else [])
    assert listed(desks, FollowUpState.DUE) == ({SENT.session_id} if expected else set())


def test_a_follow_up_is_its_authors_alone(desks: Desks) -> None:
    """Nobody else sees the day of a shared note, sets it, ends it, or finds the session by it."""
    desks.come(SENT)
    note = write(desks, TODAY, shared=True)
    desks.store.reviews.give_back(desks.mara, SENT.session_id)
    desks.decide(desks.mara, SENT)
    reviews = desks.store.reviews
    for viewer in (desks.nele, desks.lena, desks.ana):
        (read,) = desks.view(viewer, SENT).notes
        assert (read.follow_up_on, read.followed_up_at) == (None, None)
        assert due(desks, viewer) == []
    for viewer in (desks.nele, desks.lena):
        assert reviews.set_follow_up(viewer, SENT.session_id, note, TODAY) is CHANGED
        assert reviews.finish_follow_up(viewer, SENT.session_id, note) is CHANGED
    assert reviews.finish_follow_up(desks.ana, SENT.session_id, note) is DecisionOutcome.NOT_FOUND
    assert due(desks) == [note]


def test_another_day_takes_the_place_of_the_one_before(desks: Desks) -> None:
    """A note can be followed up later, and again once it is done; one without a day cannot be done."""
    desks.come(SENT)
    note, bare = write(desks, TODAY), write(desks, None)
    reviews = desks.store.reviews
    assert reviews.set_follow_up(desks.mara, SENT.session_id, note, TODAY + DAY) is DONE
    assert due(desks) == []
    desks.wait(days=1)
    assert [reviews.finish_follow_up(desks.mara, SENT.session_id, note) for _ in range(2)] == [DONE, DONE]
    done = next(each for each in desks.view(desks.mara, SENT).notes if each.note_id == note)
    assert (done.follow_up_on, done.followed_up_at) == (TODAY + DAY, desks.now)
    assert reviews.set_follow_up(desks.mara, SENT.session_id, note, TODAY) is DONE
    assert due(desks) == [note]
    assert reviews.finish_follow_up(desks.mara, SENT.session_id, bare) is CHANGED
    for unknown in (uuid4(), note):
        elsewhere = SENT.session_id if unknown != note else record(conversation="c_other").session_id
        outcome = reviews.set_follow_up(desks.mara, elsewhere, unknown, TODAY)
        assert outcome in {CHANGED, DecisionOutcome.NOT_FOUND}


def test_a_list_is_filtered_by_what_is_due_or_open(desks: Desks) -> None:
    """The filter leaves sessions with a note of one's own that is due, or that is not done yet."""
    now, later, done = (record(conversation=f"c_{number}") for number in range(3))
    desks.come(now, later, done, record(conversation="c_none"))
    write(desks, TODAY, now)
    write(desks, TODAY + DAY, later)
    write(desks, TODAY, done, by=desks.nele)
    desks.store.reviews.finish_follow_up(desks.mara, done.session_id, write(desks, TODAY, done))
    assert listed(desks, FollowUpState.DUE) == {now.session_id}
    assert listed(desks, FollowUpState.OPEN) == {now.session_id, later.session_id}
    assert listed(desks, FollowUpState.OPEN, desks.nele) == {done.session_id}
    desks.decide(desks.mara, now)
    decided = desks.store.decided(desks.mara, QueueFilter(follow_up=FollowUpState.DUE))
    assert [row.session_id for row in decided.rows] == [now.session_id]


def test_what_one_may_not_see_any_more_is_not_due(desks: Desks) -> None:
    """A note of a session that was withdrawn, or whose author left the team, is on no list."""
    desks.come(SENT)
    write(desks, TODAY)
    desks.store.accounts.change_teams(desks.mara.user_id, add=["south"], remove=["north"])
    mara = desks.store.viewer(desks.mara.user_id)
    assert mara is not None
    assert due(desks, mara) == []
    write(desks, TODAY, by=desks.nele)
    desks.come(ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW))
    assert due(desks, desks.nele) == []


def test_a_page_names_the_first_and_counts_all(desks: Desks) -> None:
    """More notes than a page names are counted."""
    desks.come(SENT)
    for _ in range(FOLLOW_UPS_SHOWN + 2):
        desks.store.reviews.add_note(desks.mara, SENT.session_id, None, "x", shared=False, follow_up_on=TODAY)
    found = desks.store.follow_ups(desks.mara)
    assert (len(found.shown), found.total) == (FOLLOW_UPS_SHOWN, FOLLOW_UPS_SHOWN + 2)


def test_a_digest_counts_what_is_due_on_its_day(desks: Desks) -> None:
    """A digest counts what is due, each day until it is done, and one at midnight what becomes due then."""
    desks.come(SENT)
    write(desks, date(2026, 3, 10))

    def counted(viewer: Viewer, until: datetime) -> NewsCounts:
        with transaction(desks.engine, viewer.user_id) as session:
            return count_news(session, viewer, until, until)

    midnight = datetime(2026, 3, 10, tzinfo=UTC)
    assert counted(desks.mara, midnight - DAY).is_nothing
    for days in range(3):
        assert counted(desks.mara, midnight - SETTLED_AFTER + days * DAY) == NewsCounts(follow_ups=1)
    assert counted(desks.nele, midnight).is_nothing


def test_it_is_on_the_trail_without_a_word(desks: Desks) -> None:
    """Setting a day and saying that it is done are entries about the session."""
    desks.come(SENT)
    note = write(desks, None)
    desks.store.reviews.set_follow_up(desks.mara, SENT.session_id, note, TODAY)
    desks.store.reviews.finish_follow_up(desks.mara, SENT.session_id, note)
    assert desks.trail("purpose", "object_type", "outcome")[-2:] == [
        ("follow-up set", "session", "done"),
        ("follow-up done", "session", "done"),
    ]
