"""Tests of the budgets of failed logins: what a guesser may do, and what it leaves to everybody else."""

import sys
import time
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from time_machine import TimeMachineFixture

from plugin.queue.accounts import normalise_username
from plugin.web import attempts
from plugin.web.attempts import (
    CEILING,
    MAX_FAILURES,
    MAX_FAILURES_IN_ALL,
    MAX_FAILURES_OF_ACCOUNT,
    MAX_FAILURES_OF_ADDRESS,
    SOON_S,
    WINDOW_S,
    LoginAttempts,
    Visitor,
)
from tests.fixtures.waiting import eventually

START = 1_000_000.0
GUESSER, DESK = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def tries(time_machine: TimeMachineFixture) -> LoginAttempts:
    """Return a counter without failures while the time stands still."""
    time_machine.move_to(START, tick=False)
    return LoginAttempts()


def maria(address: str = GUESSER, device: str | None = None) -> Visitor:
    """Return somebody who tries Maria's account."""
    return Visitor("maria", address, device)


def wait_s(tries: LoginAttempts, visitor: Visitor) -> float:
    """Return the seconds to wait, without an attempt that stays under way."""
    wait = tries.begin(visitor, time.time())
    if wait == 0:
        tries.end(visitor, failed=False)
    return wait


def fail(tries: LoginAttempts, visitor: Visitor) -> bool:
    """Try a wrong password; returns whether it was looked at."""
    if tries.begin(visitor, time.time()) > 0:
        return False
    tries.end(visitor, failed=True)
    return True


def address(number: int) -> str:
    """Return one of many addresses."""
    return f"10.0.{number // 250}.{number % 250}"


def guesses(tries: LoginAttempts, visitors: Iterator[Visitor]) -> int:
    """Return how many of these wrong passwords were looked at."""
    return sum(fail(tries, visitor) for visitor in visitors)


def test_a_guesser_at_one_address_gets_five_passwords_a_window(
    tries: LoginAttempts, time_machine: TimeMachineFixture
) -> None:
    """One address gets five guesses at one account in ten minutes, and five more in the next ten."""
    assert guesses(tries, (maria() for _ in range(100))) == MAX_FAILURES
    assert wait_s(tries, maria()) == WINDOW_S
    time_machine.move_to(START + WINDOW_S - 1, tick=False)
    assert wait_s(tries, maria()) == 1
    time_machine.move_to(START + WINDOW_S + 1, tick=False)
    assert guesses(tries, (maria() for _ in range(100))) == MAX_FAILURES


def test_old_failures_leave_one_by_one(tries: LoginAttempts, time_machine: TimeMachineFixture) -> None:
    """Each failure stops counting ten minutes after it happened."""
    for number in range(MAX_FAILURES):
        time_machine.move_to(START + number * 60, tick=False)
        assert fail(tries, maria())
    time_machine.move_to(START + WINDOW_S + 1, tick=False)
    assert fail(tries, maria())
    assert wait_s(tries, maria()) == 59


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
SPELLINGS = st.sampled_from(
    (
        str.upper,
        str.lower,
        str.title,
        str.swapcase,
        lambda name: f" {name}",
        lambda name: f"{name}\u3000\t",
        lambda name: unicodedata.normalize("NFD", name),
        lambda name: unicodedata.normalize("NFKC", name),
        lambda name: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name),
    )
)


@given(NAMES, st.lists(SPELLINGS, min_size=MAX_FAILURES + 1, max_size=12))
def test_spellings_that_find_one_account_share_its_budget(name: str, spellings: list[object]) -> None:
    """Names under which the same account is found have one budget together, however they are written."""
    typed = [spelling(name) for spelling in spellings]  # type: ignore[operator]
    same = [each for each in typed if normalise_username(each) == normalise_username(typed[0])]
    tries = LoginAttempts()
    assert guesses(tries, (Visitor(each, GUESSER) for each in same)) == min(len(same), MAX_FAILURES)


def test_attempts_at_the_same_moment_share_the_budget(tries: LoginAttempts) -> None:
    """An attempt counts as failed while its password is checked, so that many at once are no more than five."""
    waits = [tries.begin(maria(), time.time()) for _ in range(40)]
    assert waits == [0.0] * MAX_FAILURES + [SOON_S] * (40 - MAX_FAILURES)
    for _ in range(MAX_FAILURES):
        tries.end(maria(), failed=True)
    assert wait_s(tries, maria()) == WINDOW_S


def test_attempts_that_did_not_fail_use_up_nothing(tries: LoginAttempts) -> None:
    """An office that logs in at one address every morning, and attempts that were not looked at, use up nothing."""
    for number in range(10 * MAX_FAILURES_IN_ALL):
        assert wait_s(tries, Visitor(f"person {number}", DESK)) == 0


def test_a_guesser_elsewhere_does_not_stop_the_real_person(tries: LoginAttempts) -> None:
    """Whatever a guesser does at its own addresses, a person at an address without failures is looked at."""
    guesses(tries, (maria(address(number)) for number in range(2_000) for _ in range(MAX_FAILURES)))
    guesses(tries, (Visitor(f"made up {number}", GUESSER) for number in range(1_000)))
    assert wait_s(tries, maria(DESK)) == 0
    assert wait_s(tries, Visitor("jonas", DESK)) == 0


def test_a_guesser_at_the_same_address_does_not_stop_a_known_device(tries: LoginAttempts) -> None:
    """A known device is looked at whatever others do, even at the very same address and without end."""
    guesses(tries, (maria() for _ in range(100)))
    guesses(tries, (Visitor(f"made up {number}", GUESSER) for number in range(1_000)))
    guesses(tries, (Visitor(f"made up {number}", address(number)) for number in range(CEILING + 100)))
    assert wait_s(tries, maria(GUESSER)) > 0
    assert wait_s(tries, maria(GUESSER, device="d-1")) == 0


def test_a_known_device_has_five_guesses_too(tries: LoginAttempts) -> None:
    """A stolen device gets no more than five guesses a window at the person it is known for."""
    assert guesses(tries, (maria(device="d-1") for _ in range(100))) == MAX_FAILURES
    assert wait_s(tries, maria(device="d-2")) == 0


def test_many_names_at_one_address_are_limited(tries: LoginAttempts) -> None:
    """One address gets thirty guesses in all, at whatever names; another address is not concerned."""
    made_up = (Visitor(f"made up {number}", GUESSER) for number in range(1_000))
    assert guesses(tries, made_up) == MAX_FAILURES_OF_ADDRESS
    assert wait_s(tries, Visitor("jonas", GUESSER)) == WINDOW_S


def test_many_addresses_at_one_account_get_one_guess_each(tries: LoginAttempts) -> None:
    """After twenty failures of one account, an address gets one guess instead of five."""
    addresses = 100
    allowed = guesses(tries, (maria(address(number)) for number in range(addresses) for _ in range(MAX_FAILURES)))
    assert allowed == MAX_FAILURES_OF_ACCOUNT + addresses - MAX_FAILURES_OF_ACCOUNT // MAX_FAILURES


def test_many_addresses_at_many_accounts_get_one_guess_each(tries: LoginAttempts) -> None:
    """After three hundred failures in all, an address gets one guess at whatever account."""
    addresses = 200
    made_up = (
        Visitor(f"made up {number}-{guess}", address(number)) for number in range(addresses) for guess in range(10)
    )
    assert guesses(tries, made_up) == MAX_FAILURES_IN_ALL + addresses - MAX_FAILURES_IN_ALL // 10


def test_the_addresses_of_one_subscriber_are_one(tries: LoginAttempts) -> None:
    """The addresses of one IPv6 network of 64 bits are one address: a subscriber has all of them."""
    assert guesses(tries, (maria(f"2001:db8::{number:x}") for number in range(100))) == MAX_FAILURES
    assert wait_s(tries, maria("2001:db8:0:1::1")) == 0


def test_a_success_clears_the_count_of_this_account_here_alone(tries: LoginAttempts) -> None:
    """Somebody with an account of their own cannot clear the count of the account they guess at."""
    for _ in range(MAX_FAILURES - 1):
        fail(tries, maria())
        fail(tries, Visitor("jonas", GUESSER))
    tries.succeeded(Visitor("jonas", GUESSER))
    assert guesses(tries, (Visitor("jonas", GUESSER) for _ in range(100))) == MAX_FAILURES
    assert guesses(tries, (maria() for _ in range(100))) == 1


def test_a_success_without_failures_is_fine(tries: LoginAttempts) -> None:
    """A success without former failures changes nothing."""
    tries.succeeded(maria())
    assert wait_s(tries, maria()) == 0


def test_memory_is_bounded(
    tries: LoginAttempts, time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood from ever new addresses is refused at the ceiling, and what is over is dropped."""
    monkeypatch.setattr(attempts, "_SWEEP_AT", 100)
    flood = (Visitor(f"made up {number}", address(number)) for number in range(2 * CEILING))
    assert guesses(tries, flood) == CEILING
    full = len(tries._storage.events)
    time_machine.move_to(START + WINDOW_S + 1, tick=False)
    guesses(tries, (Visitor(f"made up {number}", address(number)) for number in range(200)))
    assert eventually(lambda: len(tries._storage.events) < full / 2)  # the storage's own timer empties what is over
    assert not tries._under_way


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Let threads switch as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_requests_in_several_threads_get_no_more_than_the_budget() -> None:
    """Eight threads at once raise nothing, and get five guesses together."""
    tries = LoginAttempts()
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: fail(tries, maria()), range(2_000))) == MAX_FAILURES


def test_names_are_not_kept_as_they_were_typed(tries: LoginAttempts) -> None:
    """Neither the storage nor a repr contains what was typed as a name, since it may be a password."""
    visitor = Visitor("my password", GUESSER)
    fail(tries, visitor)
    assert "my password" not in repr((tries, visitor, tries._storage.events))
