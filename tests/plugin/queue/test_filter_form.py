"""Tests of the form in which a filter is stored: it holds every field, no words, and reads back as it was."""

import json
from dataclasses import fields
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.database.needs import Need
from plugin.queue.filter_form import Form, filter_of, form_of
from plugin.queue.filters import (
    EVERYTHING,
    STATES,
    FollowUpState,
    HandedTo,
    QueueFilter,
    QueueList,
    QueueOrder,
)
from stream.contracts.vocabulary import Mechanism

WAITING = QueueList.WAITING
FILTERS = st.builds(
    QueueFilter,
    therapist=st.none() | st.uuids(),
    need=st.none() | st.sampled_from(Need),
    state=st.none() | st.sampled_from(STATES[WAITING]),
    handed=st.none() | st.sampled_from(HandedTo),
    follow_up=st.none() | st.sampled_from(FollowUpState),
    mechanism=st.none() | st.sampled_from(Mechanism),
    ended_from=st.none() | st.dates(),
    ended_to=st.none(),
    order=st.none() | st.sampled_from(QueueOrder),
)


@given(FILTERS)
def test_a_filter_reads_back_as_it_was(chosen: QueueFilter) -> None:
    """Any filter of the waiting list survives being written as JSON; what filters nothing is not written."""
    form = json.loads(json.dumps(form_of(chosen)))
    assert filter_of(WAITING, form) == chosen
    assert len(form) == sum(getattr(chosen, field.name) is not None for field in fields(chosen))


def test_nothing_chosen_is_an_empty_form() -> None:
    """The whole list in its own order has nothing to store."""
    assert form_of(EVERYTHING) == {}
    assert filter_of(WAITING, {}) == EVERYTHING


@pytest.mark.parametrize(
    "form",
    [
        {"need": "nonsense"},
        {"need": "0"},
        {"colour": "blue"},
        {"therapist": "Ana"},
        {"state": "released"},
        {"ended_from": "2026-11-02", "ended_to": "2026-11-01"},
        {"ended_from": "yesterday"},
    ],
)
def test_what_this_version_does_not_know_is_no_filter(form: Form) -> None:
    """A form with a field or a value that the waiting list does not have holds no filter, and raises nothing."""
    assert filter_of(WAITING, form) is None


def test_a_need_is_stored_by_its_name() -> None:
    """A need is stored by its name, since its number may change."""
    assert form_of(QueueFilter(need=Need.RISK, therapist=UUID(int=1))) == {
        "need": "risk",
        "therapist": str(UUID(int=1)),
    }
