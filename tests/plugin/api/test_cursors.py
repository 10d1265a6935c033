"""Tests of cursors: a place is found again in its own list, and in no other."""

import dataclasses
from uuid import UUID

import pytest

from plugin.api.cursors import (
    account_of,
    cursor_after,
    cursor_after_account,
    cursor_after_own,
    cursor_after_sampled,
    sampled_session_of,
    session_of,
)
from plugin.queue.filters import EVERYTHING, QueueList, QueueOrder

SESSION = UUID("3f6f7f0a-7a1e-4d55-9c1c-0f6b1f2a9e77")
BY_AGE = dataclasses.replace(EVERYTHING, order=QueueOrder.AGE)


def test_a_cursor_names_the_session_after_which_it_is() -> None:
    """The session comes back from its cursor, which is plain ASCII and fits into an address."""
    cursor = cursor_after(SESSION, QueueList.WAITING, BY_AGE)
    assert session_of(cursor, QueueList.WAITING, BY_AGE) == SESSION
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert len(cursor) <= 64


@pytest.mark.parametrize(("queue_list", "chosen"), [(QueueList.DECIDED, BY_AGE), (QueueList.WAITING, EVERYTHING)])
def test_a_cursor_is_good_for_its_own_list_alone(queue_list: QueueList, chosen: object) -> None:
    """A cursor is refused with another list and with another order."""
    cursor = cursor_after(SESSION, QueueList.WAITING, BY_AGE)
    with pytest.raises(ValueError, match="another list"):
        session_of(cursor, queue_list, chosen)  # type: ignore[arg-type]


def test_a_cursor_of_the_sample_is_of_no_other_list() -> None:
    """A place in the sample is found again, and a place in another list is none in it."""
    assert sampled_session_of(cursor_after_sampled(SESSION)) == SESSION
    with pytest.raises(ValueError, match="another list"):
        sampled_session_of(cursor_after_own(SESSION))


def test_a_cursor_of_the_accounts_is_of_no_other_list() -> None:
    """A place among the accounts is found again, and a place in another list is none among them."""
    assert account_of(cursor_after_account(SESSION)) == SESSION
    with pytest.raises(ValueError, match="another list"):
        account_of(cursor_after_own(SESSION))


@pytest.mark.parametrize("cursor", ["", "?", "\u00e4", "AAAA", "a" * 32, "not base64"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """Anything that we have not made is refused."""
    with pytest.raises(ValueError):
        session_of(cursor, QueueList.WAITING, EVERYTHING)
