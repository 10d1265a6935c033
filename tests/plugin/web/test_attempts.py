"""Failed logins: five in ten minutes, then a wait; nobody else is kept out by it, and memory stays bounded."""

import pytest

from plugin.web import attempts
from plugin.web.attempts import MAX_FAILURES, WINDOW_S, LoginAttempts


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Seconds, as a clock gives them."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock at some time."""
    return Clock()


@pytest.fixture
def tries(clock: Clock) -> LoginAttempts:
    """Nobody has failed yet."""
    return LoginAttempts(clock)


def fail(tries: LoginAttempts, times: int, username: str = "maria", address: str = "192.0.2.1") -> None:
    """Fail so many times."""
    for _ in range(times):
        tries.failed(username, address)


def test_a_first_try_is_accepted(tries: LoginAttempts) -> None:
    """Nobody waits before they have failed."""
    assert tries.wait_s("maria", "192.0.2.1") == 0


def test_one_failure_less_than_the_limit_is_accepted(tries: LoginAttempts) -> None:
    """People mistype."""
    fail(tries, MAX_FAILURES - 1)
    assert tries.wait_s("maria", "192.0.2.1") == 0


def test_after_the_limit_the_next_try_waits_for_the_window(tries: LoginAttempts) -> None:
    """The wait is told in seconds."""
    fail(tries, MAX_FAILURES)
    assert tries.wait_s("maria", "192.0.2.1") == WINDOW_S


def test_the_wait_shrinks_with_time_and_ends(tries: LoginAttempts, clock: Clock) -> None:
    """A lock is never for ever: that would let anybody lock anybody out."""
    fail(tries, MAX_FAILURES)
    clock.seconds += WINDOW_S - 1
    assert tries.wait_s("maria", "192.0.2.1") == 1
    clock.seconds += 1
    assert tries.wait_s("maria", "192.0.2.1") == 0


def test_old_failures_leave_one_by_one(tries: LoginAttempts, clock: Clock) -> None:
    """The window slides."""
    for _ in range(MAX_FAILURES):
        fail(tries, 1)
        clock.seconds += 60
    clock.seconds += WINDOW_S - MAX_FAILURES * 60
    assert tries.wait_s("maria", "192.0.2.1") == 0
    fail(tries, 1)
    assert tries.wait_s("maria", "192.0.2.1") == 60


def test_another_name_or_another_address_does_not_wait(tries: LoginAttempts) -> None:
    """A stranger's failures elsewhere do not keep the person out of their own desk."""
    fail(tries, MAX_FAILURES)
    assert tries.wait_s("maria", "192.0.2.2") == 0
    assert tries.wait_s("jonas", "192.0.2.1") == 0


def test_a_name_in_capitals_is_the_same_name(tries: LoginAttempts) -> None:
    """Otherwise a name of six letters would have 64 budgets."""
    fail(tries, MAX_FAILURES)
    assert tries.wait_s("MARIA", "192.0.2.1") > 0


def test_a_success_clears_the_count(tries: LoginAttempts) -> None:
    """Who knows the password is not a guesser."""
    fail(tries, MAX_FAILURES - 1)
    tries.succeeded("maria", "192.0.2.1")
    fail(tries, 1)
    assert tries.wait_s("maria", "192.0.2.1") == 0


def test_a_success_without_failures_is_fine(tries: LoginAttempts) -> None:
    """The usual case."""
    tries.succeeded("maria", "192.0.2.1")
    assert tries.wait_s("maria", "192.0.2.1") == 0


def test_memory_is_bounded_and_the_oldest_makes_room(tries: LoginAttempts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of made-up names cannot fill the machine."""
    monkeypatch.setattr(attempts, "MAX_KEYS", 3)
    fail(tries, MAX_FAILURES)
    for number in range(3):
        fail(tries, 1, username=f"made-up-{number}")
    assert len(tries._failures) == 3
    assert tries.wait_s("maria", "192.0.2.1") == 0


def test_names_stay_out_of_the_repr(tries: LoginAttempts) -> None:
    """People type passwords into the name field."""
    fail(tries, 1, username="my password")
    assert "my password" not in repr(tries)
