"""Tests of the limit on failed logins: after five failures in ten minutes the next login has to wait."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from time_machine import TimeMachineFixture

from plugin.web import attempts
from plugin.web.attempts import MAX_FAILURES, WINDOW_S, LoginAttempts

START = 1_000_000.0


@pytest.fixture
def tries(time_machine: TimeMachineFixture) -> LoginAttempts:
    """Return a counter without failures while the time stands still."""
    time_machine.move_to(START, tick=False)
    return LoginAttempts()


def fail(tries: LoginAttempts, times: int, username: str = "maria", address: str = "192.0.2.1") -> None:
    """Count a number of failed logins."""
    for _ in range(times):
        tries.failed(username, address)


def wait_s(tries: LoginAttempts, username: str = "maria", address: str = "192.0.2.1") -> float:
    """Return the seconds to wait at the current time."""
    return tries.wait_s(username, address, time.time())


def test_a_first_try_is_accepted(tries: LoginAttempts) -> None:
    """A first login is accepted without a wait."""
    assert wait_s(tries) == 0


def test_one_failure_less_than_the_limit_is_accepted(tries: LoginAttempts) -> None:
    """A person who has failed four times may try again at once."""
    fail(tries, MAX_FAILURES - 1)
    assert wait_s(tries) == 0


def test_after_the_limit_the_next_try_waits_for_the_window(tries: LoginAttempts) -> None:
    """The wait after the fifth failure is the whole window, in seconds."""
    fail(tries, MAX_FAILURES)
    assert wait_s(tries) == WINDOW_S


def test_the_wait_shrinks_with_time_and_ends(tries: LoginAttempts, time_machine: TimeMachineFixture) -> None:
    """A wait ends by itself, since a permanent lock would let anybody lock out other people."""
    fail(tries, MAX_FAILURES)
    time_machine.move_to(START + WINDOW_S - 1, tick=False)
    assert wait_s(tries) == 1
    time_machine.move_to(START + WINDOW_S + 1, tick=False)
    assert wait_s(tries) == 0


def test_old_failures_leave_one_by_one(tries: LoginAttempts, time_machine: TimeMachineFixture) -> None:
    """Each failure stops counting ten minutes after it happened."""
    for number in range(MAX_FAILURES):
        time_machine.move_to(START + number * 60, tick=False)
        fail(tries, 1)
    time_machine.move_to(START + WINDOW_S + 1, tick=False)
    assert wait_s(tries) == 0
    fail(tries, 1)
    assert wait_s(tries) == 59


def test_another_name_or_another_address_does_not_wait(tries: LoginAttempts) -> None:
    """Failures with one name and address do not block another name or another address."""
    fail(tries, MAX_FAILURES)
    assert wait_s(tries, address="192.0.2.2") == 0
    assert wait_s(tries, username="jonas") == 0


def test_a_name_in_capitals_is_the_same_name(tries: LoginAttempts) -> None:
    """Upper and lower case share one count; otherwise a name of six letters would have 64 counts."""
    fail(tries, MAX_FAILURES)
    assert wait_s(tries, username="MARIA") > 0


def test_a_success_clears_the_count(tries: LoginAttempts) -> None:
    """A person who has logged in has all attempts again."""
    fail(tries, MAX_FAILURES - 1)
    tries.succeeded("maria", "192.0.2.1")
    fail(tries, 1)
    assert wait_s(tries) == 0


def test_a_success_without_failures_is_fine(tries: LoginAttempts) -> None:
    """A success without former failures changes nothing."""
    tries.succeeded("maria", "192.0.2.1")
    assert wait_s(tries) == 0


def test_memory_is_bounded_and_the_oldest_makes_room(tries: LoginAttempts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of made-up names drops the oldest counts instead of filling the memory."""
    monkeypatch.setattr(attempts, "MAX_KEYS", 3)
    fail(tries, MAX_FAILURES)
    for number in range(3):
        fail(tries, 1, username=f"made-up-{number}")
    assert len(tries._storage.events) == 3
    assert wait_s(tries) == 0


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Let threads switch as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_requests_in_several_threads_may_fail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting in eight threads at once raises nothing and keeps to the limit of counts."""
    monkeypatch.setattr(attempts, "MAX_KEYS", 50)
    tries = LoginAttempts()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: tries.failed(f"made-up-{number}", "192.0.2.1"), range(8_000)))
    assert len(tries._storage.events) == 50


def test_names_are_not_kept_as_they_were_typed(tries: LoginAttempts) -> None:
    """The storage contains no user names, since its exceptions could quote them."""
    fail(tries, 1, username="my password")
    assert "my password" not in repr(tries._storage.events)


def test_names_stay_out_of_the_repr(tries: LoginAttempts) -> None:
    """The representation of the counter does not show typed names, since one may be a password."""
    fail(tries, 1, username="my password")
    assert "my password" not in repr(tries)
