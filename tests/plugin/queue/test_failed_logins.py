"""Tests of the count of failed logins that waits for the audit trail."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from plugin.queue.failed_logins import WINDOW, FailedLogins
from tests.plugin.samples import NOW

ACCOUNTS = [None, *(UUID(int=number) for number in range(3))]


@given(
    st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.floats(0, 3 * WINDOW.total_seconds()), st.booleans()), max_size=60)
)
def test_every_failure_is_taken_once(steps: list[tuple[UUID | None, float, bool]]) -> None:
    """Every failure is in exactly one of the numbers that are taken, whenever they are taken."""
    failed, taken = FailedLogins(), Counter[UUID | None]()
    seconds = 0.0
    for account_id, later, take in steps:
        seconds += later
        failed.add(account_id, NOW + timedelta(seconds=seconds))
        for each in failed.take(NOW + timedelta(seconds=seconds)) if take else ():
            taken[each.account_id] += each.count
    for each in failed.take():
        taken[each.account_id] += each.count
    assert taken == Counter(account_id for account_id, _, _ in steps)
    assert failed.take() == []


def test_a_window_is_one_number_for_each_account() -> None:
    """Failures within a window are one number, which can be taken when the window is over and not before."""
    failed, account_id = FailedLogins(), uuid4()
    for second in range(100):
        failed.add(account_id, NOW + timedelta(seconds=second))
    assert failed.take(NOW + WINDOW - timedelta(seconds=1)) == []
    assert [(each.account_id, each.count) for each in failed.take(NOW + WINDOW)] == [(account_id, 100)]


def test_threads_may_count_at_once() -> None:
    """No failure is lost when several threads count."""
    failed = FailedLogins()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: failed.add(None, NOW), range(4_000)))
    assert [each.count for each in failed.take()] == [4_000]
