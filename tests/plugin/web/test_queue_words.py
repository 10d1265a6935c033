"""Tests of the words of a supervisor's lists: complete, plain, and without any ranking of people."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from plugin.queue.alphabet import TherapistName
from plugin.queue.filters import (
    OVERDUE_AFTER,
    FollowUpState,
    HandedTo,
    QueueFilter,
    QueueList,
    QueueOrder,
    QueueState,
)
from plugin.queue.saved_views import SavedView
from plugin.queue.views import DecisionOutcome, SessionList
from plugin.web import queue_words
from plugin.web.queue_address import read_address

ANA = TherapistName(UUID(int=1), "Ana")


def test_every_code_has_its_words() -> None:
    """Every list, state and order has its words, and every outcome of a release that can come of one."""
    assert queue_words.LIST_WORDS.keys() == queue_words.OWN_ORDERS.keys() == set(QueueList)
    assert queue_words.STATE_WORDS.keys() == set(QueueState)
    assert queue_words.ORDER_WORDS.keys() == set(QueueOrder)
    assert queue_words.HANDED_WORDS.keys() == set(HandedTo)
    assert queue_words.FOLLOW_UP_WORDS.keys() == set(FollowUpState)
    # `released` is the refusal of a step of a review, the others of a dispute's, a hand-over's, a note's or a view's.
    elsewhere = {
        *(DecisionOutcome.RELEASED, DecisionOutcome.NOT_YOURS),
        *(DecisionOutcome.TOO_LATE, DecisionOutcome.OTHER_VERSION, DecisionOutcome.NOT_FOR_THEM),
        *(DecisionOutcome.NAME_TAKEN, DecisionOutcome.FULL),
    }
    assert queue_words.RELEASED.keys() == set(DecisionOutcome) - elsewhere


@pytest.mark.parametrize("queue_list", list(QueueList))
def test_a_form_has_a_select_for_all_that_can_be_chosen(queue_list: QueueList) -> None:
    """Each option of a form is one that the address of its list takes, and the chosen one is marked."""
    listing = read_address({"need": "risk", "sort": "age", "therapist": str(ANA.account_id)}, queue_list)
    found = {choice.name: choice for choice in queue_words.choices(listing, [ANA])}
    for name, choice in found.items():
        for value, words in choice.options:
            assert words
            assert read_address({name: value}, queue_list)
    assert {name: choice.chosen for name, choice in found.items() if choice.chosen} == {
        "need": "risk",
        "sort": "age",
        "therapist": str(ANA.account_id),
    }
    assert ("state" in found) is (queue_list is not QueueList.LEFT_OUT)
    assert ("handed" in found) is (queue_list is QueueList.WAITING)


def test_nobody_to_choose_no_select() -> None:
    """A supervisor without counsellors has no select of counsellors."""
    assert "therapist" not in {choice.name for choice in queue_words.choices(read_address({}), [])}


def test_people_are_ordered_by_the_alphabet_alone() -> None:
    """The only order that is about people is that of their names."""
    assert queue_words.ORDER_WORDS[QueueOrder.THERAPIST] == "counsellor, by the alphabet"
    assert [order for order in QueueOrder if "counsellor" in queue_words.ORDER_WORDS[order]] == [QueueOrder.THERAPIST]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ()),
        ({"sort": "age"}, ()),
        ({"therapist": str(ANA.account_id)}, ("counsellor Ana",)),
        ({"therapist": str(UUID(int=9))}, ("counsellor outside of your teams",)),
        ({"need": "critical"}, ("need: Critical content",)),
        ({"state": "mine"}, ("claimed by you",)),
        ({"handed": "me"}, ("handed over to you",)),
        ({"follow_up": "due"}, ("with a note of yours to follow up today",)),
        ({"mechanism": "emotional_resonance"}, ("no expression of Emotional Resonance",)),
        ({"from": "2026-11-03"}, ("ended on Tue 3 Nov 2026 or later",)),
        ({"to": "2026-11-03", "need": "risk"}, ("need: Risk language", "ended on Tue 3 Nov 2026 or before")),
    ],
)
def test_a_filter_is_said_in_words(given: dict[str, str], said: tuple[str, ...]) -> None:
    """Each field of a filter has its phrase; an order is none."""
    assert queue_words.filtered_by(read_address(given), [ANA]) == said


def test_the_first_and_the_last_day_of_all_can_be_said() -> None:
    """Any day that an address takes can be shown."""
    listing = read_address({"from": date.min.isoformat(), "to": date.max.isoformat()})
    assert len(queue_words.filtered_by(listing, [])) == 2


def test_the_numbers_are_said_in_words() -> None:
    """A list says how many match and are hidden, how many are overdue, and how many the supervisor holds."""
    sessions = SessionList(total=12, overdue=1, claimed=2, matching=1)
    assert queue_words.hidden(sessions) == "1 session matches; the filter hides 11 of 12."
    overdue = f"1 session ended more than {OVERDUE_AFTER.days} days ago"
    assert queue_words.pressing(sessions) == f"{overdue}; you hold 2 sessions claimed."
    assert queue_words.pressing(replace(sessions, claimed=0)) == f"{overdue}."
    assert (
        queue_words.pressing(replace(sessions, claimed=0, handed=1)) == f"{overdue}; 1 session was handed over to you."
    )
    assert queue_words.pressing(replace(sessions, overdue=0)) == "You hold 2 sessions claimed."
    assert queue_words.pressing(replace(sessions, overdue=0, claimed=0)) == ""


def test_a_saved_view_says_what_it_shows() -> None:
    """A view's link leads to its list and says its filter and order; one of another version can only be removed."""
    chosen = QueueFilter(therapist=ANA.account_id, handed=HandedTo.ME, order=QueueOrder.AGE)
    views = [SavedView(UUID(int=1), "Mine", chosen), SavedView(UUID(int=2), "Of old", None)]
    listing = read_address({"therapist": str(ANA.account_id), "handed": "me", "sort": "age", "after": str(UUID(int=5))})
    mine, old = queue_words.view_links(views, listing, [ANA])
    assert (mine.address, mine.is_current) == (listing.listed, True)
    assert mine.said == ("counsellor Ana", "handed over to you", "in order of age, the oldest first")
    assert (old.address, old.said, old.is_current) == ("", (), False)
    assert not queue_words.view_links(views, read_address({"handed": "me"}), [ANA])[0].is_current
