"""The circuit breaker by its transitions."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream.feedback.models.breaker import (
    MIN_OUTCOMES,
    OUTCOME_WINDOW,
    RETRY_DELAYS_S,
    BreakerState,
    CircuitBreaker,
    random_half_to_one,
)


class Time:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


def breaker(time: Time | None = None) -> CircuitBreaker:
    """Return a breaker whose pauses have their full length."""
    return CircuitBreaker(time or Time(), jitter=lambda: 1.0)


def closed(time: Time | None = None) -> CircuitBreaker:
    """Return a breaker that two canaries have closed."""
    made = breaker(time)
    made.record_canary(passed=True)
    made.record_canary(passed=True)
    assert made.state is BreakerState.CLOSED
    return made


def state_of(made: CircuitBreaker) -> BreakerState:
    """Return the state of the breaker, through a function because type checkers assume it is unchanged."""
    return made.state


def requests(made: CircuitBreaker, outcomes: str) -> None:
    """Outcomes of requests admitted now: "+" went well, "-" failed."""
    admitted = made.times_opened
    for outcome in outcomes:
        made.record_request(admitted, succeeded=outcome == "+")


def test_it_begins_open_for_nothing_is_known_of_the_model() -> None:
    """The breaker begins open and without a pause, so that the canary is asked at once."""
    made = breaker()
    assert (made.state, made.admits_requests, made.seconds_until_retry) == (BreakerState.OPEN, False, 0.0)


def test_a_canary_half_opens_it_and_a_request_that_goes_well_closes_it() -> None:
    """A passing canary half-opens the breaker, and the successful trial request closes it."""
    made = breaker()
    made.record_canary(passed=True)
    assert (made.state, made.admits_requests) == (BreakerState.HALF_OPEN, True)
    requests(made, "+")
    assert state_of(made) is BreakerState.CLOSED


def test_where_nothing_waits_a_second_canary_closes_it() -> None:
    """An idle stage need not stay half-open."""
    made = breaker()
    made.record_canary(passed=True)
    made.record_canary(passed=True)
    assert state_of(made) is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("-" * (MIN_OUTCOMES - 1), BreakerState.CLOSED),
        ("-" * MIN_OUTCOMES, BreakerState.OPEN),
        ("+-" * (MIN_OUTCOMES // 2), BreakerState.OPEN),
        ("+" * (MIN_OUTCOMES // 2 + 1) + "-" * (MIN_OUTCOMES // 2 - 1), BreakerState.CLOSED),
        ("+" * 100 + "-" * (OUTCOME_WINDOW // 2 - 1), BreakerState.CLOSED),
        ("+" * 100 + "-" * (OUTCOME_WINDOW // 2), BreakerState.OPEN),
    ],
    ids=["nine fail", "ten fail", "half of ten fail", "less than half", "the long past does not count", "recent half"],
)
def test_closed_it_opens_when_half_of_at_least_ten_requests_fail(outcomes: str, state: BreakerState) -> None:
    """A closed breaker opens when half of at least ten of the latest twenty requests fail."""
    made = closed()
    requests(made, outcomes)
    assert made.state is state


def test_closed_one_failed_canary_opens_it() -> None:
    """A failed canary opens a closed breaker, because every other exchange would fail too."""
    made = closed()
    made.record_canary(passed=False)
    assert (made.state, made.admits_requests, made.times_opened) == (BreakerState.OPEN, False, 1)


@pytest.mark.parametrize(
    "fail",
    [lambda made: requests(made, "-"), lambda made: made.record_canary(passed=False)],
    ids=["the trial", "a canary"],
)
def test_any_half_open_failure_opens_it_again(fail: Callable[[CircuitBreaker], None]) -> None:
    """A failure in the half-open state opens the breaker again and clears the earlier successes."""
    time = Time()
    made = breaker(time)
    made.record_canary(passed=True)
    fail(made)
    assert state_of(made) is BreakerState.OPEN
    time.now += RETRY_DELAYS_S[0]
    made.record_canary(passed=True)
    assert state_of(made) is BreakerState.HALF_OPEN


def test_each_pause_is_longer_than_the_one_before_until_it_has_been_closed() -> None:
    """A pause is longer than the previous one, until the breaker was closed."""
    time = Time()
    made = closed(time)
    pauses = []
    for _ in range(6):
        made.record_canary(passed=False)
        pauses.append(made.seconds_until_retry)
        time.now += made.seconds_until_retry
    assert pauses == [*RETRY_DELAYS_S, RETRY_DELAYS_S[-1], RETRY_DELAYS_S[-1]]
    made.record_canary(passed=True)
    requests(made, "+")
    made.record_canary(passed=False)
    assert made.seconds_until_retry == RETRY_DELAYS_S[0]


def test_a_canary_that_passes_before_the_pause_is_over_changes_nothing() -> None:
    """A canary that passes before the pause is over changes nothing, because it may have begun earlier."""
    time = Time()
    made = closed(time)
    requests(made, "-" * MIN_OUTCOMES)
    made.record_canary(passed=True)
    assert state_of(made) is BreakerState.OPEN
    time.now += RETRY_DELAYS_S[0]
    made.record_canary(passed=True)
    assert state_of(made) is BreakerState.HALF_OPEN


def test_requests_from_before_an_outage_say_nothing_about_now() -> None:
    """A timeout that was begun before Triton's restart must not open the breaker after it."""
    time = Time()
    made = closed(time)
    before = made.times_opened
    made.record_canary(passed=False)
    time.now += RETRY_DELAYS_S[0]
    made.record_canary(passed=True)
    made.record_request(before, succeeded=False)
    made.record_request(before, succeeded=True)
    assert state_of(made) is BreakerState.HALF_OPEN


def test_failures_before_the_close_are_cleared() -> None:
    """Failures before the breaker closed are cleared, so that one failure after an outage does not open it."""
    time = Time()
    made = closed(time)
    requests(made, "-" * MIN_OUTCOMES)
    time.now += RETRY_DELAYS_S[0]
    made.record_canary(passed=True)
    requests(made, "+")
    requests(made, "-" * (MIN_OUTCOMES - 1))
    assert state_of(made) is BreakerState.CLOSED


def test_workers_that_lost_one_server_do_not_ask_again_in_step() -> None:
    """The pause has a random length between half and the whole, so that workers do not ask at the same time."""
    drawn = {random_half_to_one() for _ in range(100)}
    assert len(drawn) > 50
    assert all(0.5 <= factor <= 1.0 for factor in drawn)


class AnyOrder(RuleBasedStateMachine):
    """A state machine that tries the breaker's events in every order."""

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.breaker = CircuitBreaker(self.time)
        self.opened = 0
        self.admitted: list[int] = []
        self.was = BreakerState.OPEN

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        """Advance the clock of the breaker."""
        self.time.now += seconds

    @rule()
    def a_request_begins(self) -> None:
        """Begin a request if the breaker admits it."""
        if self.breaker.admits_requests:
            self.admitted.append(self.breaker.times_opened)

    @rule(well=st.booleans(), which=st.integers(0, 30))
    def a_request_ends(self, *, well: bool, which: int) -> None:
        """End one of the requests in flight."""
        if self.admitted:
            self.breaker.record_request(self.admitted.pop(which % len(self.admitted)), succeeded=well)

    @rule(well=st.booleans())
    def a_canary_ends(self, *, well: bool) -> None:
        """End a canary, which is asked in every state."""
        self.breaker.record_canary(passed=well)
        if not well:
            assert self.breaker.state is BreakerState.OPEN

    @invariant()
    def open_is_the_only_way_to_half_open_and_half_open_to_closed(self) -> None:
        """The breaker never changes from open to closed or from closed to half-open."""
        step = (self.was, self.breaker.state)
        assert step not in {(BreakerState.OPEN, BreakerState.CLOSED), (BreakerState.CLOSED, BreakerState.HALF_OPEN)}
        self.was = self.breaker.state

    @invariant()
    def open_admits_nothing_and_ends(self) -> None:
        """An open breaker admits nothing, its pause is bounded, and openings only count up."""
        assert self.breaker.admits_requests == (self.breaker.state is not BreakerState.OPEN)
        assert 0 <= self.breaker.seconds_until_retry <= RETRY_DELAYS_S[-1]
        assert self.breaker.times_opened >= self.opened
        self.opened = self.breaker.times_opened


TestAnyOrder = AnyOrder.TestCase
