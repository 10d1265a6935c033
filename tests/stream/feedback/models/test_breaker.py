"""The circuit breaker by its transitions."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream.feedback.models.breaker import PAUSES_S, REQUESTS, WINDOW, Breaker, State, half_to_whole


class Time:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


def breaker(time: Time | None = None) -> Breaker:
    """With pauses at their full length."""
    return Breaker(time or Time(), spread=lambda: 1.0)


def closed(time: Time | None = None) -> Breaker:
    """One that two canaries have closed."""
    made = breaker(time)
    made.canary_ended(well=True)
    made.canary_ended(well=True)
    assert made.state is State.CLOSED
    return made


def state_of(made: Breaker) -> State:
    """Its state; asked by a function, for it changes behind a type checker's back."""
    return made.state


def requests(made: Breaker, outcomes: str) -> None:
    """Outcomes of requests admitted now: "+" went well, "-" failed."""
    admitted = made.opened
    for outcome in outcomes:
        made.request_ended(admitted, well=outcome == "+")


def test_it_begins_open_for_nothing_is_known_of_the_model() -> None:
    """But without a pause: the canary is asked at once."""
    made = breaker()
    assert (made.state, made.admits, made.pause) == (State.OPEN, False, 0.0)


def test_a_canary_half_opens_it_and_a_request_that_goes_well_closes_it() -> None:
    """The trial."""
    made = breaker()
    made.canary_ended(well=True)
    assert (made.state, made.admits) == (State.HALF_OPEN, True)
    requests(made, "+")
    assert state_of(made) is State.CLOSED


def test_where_nothing_waits_a_second_canary_closes_it() -> None:
    """An idle stage need not stay half-open."""
    made = breaker()
    made.canary_ended(well=True)
    made.canary_ended(well=True)
    assert state_of(made) is State.CLOSED


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("-" * (REQUESTS - 1), State.CLOSED),
        ("-" * REQUESTS, State.OPEN),
        ("+-" * (REQUESTS // 2), State.OPEN),
        ("+" * (REQUESTS // 2 + 1) + "-" * (REQUESTS // 2 - 1), State.CLOSED),
        ("+" * 100 + "-" * (WINDOW // 2 - 1), State.CLOSED),
        ("+" * 100 + "-" * (WINDOW // 2), State.OPEN),
    ],
    ids=["nine fail", "ten fail", "half of ten fail", "less than half", "the long past does not count", "recent half"],
)
def test_closed_it_opens_when_half_of_at_least_ten_requests_fail(outcomes: str, state: State) -> None:
    """Of the latest twenty."""
    made = closed()
    requests(made, outcomes)
    assert made.state is state


def test_closed_one_failed_canary_opens_it() -> None:
    """What fails on a made-up exchange fails on every other."""
    made = closed()
    made.canary_ended(well=False)
    assert (made.state, made.admits, made.opened) == (State.OPEN, False, 1)


@pytest.mark.parametrize(
    "fail",
    [lambda made: requests(made, "-"), lambda made: made.canary_ended(well=False)],
    ids=["the trial", "a canary"],
)
def test_any_half_open_failure_opens_it_again(fail: Callable[[Breaker], None]) -> None:
    """And the successes before it are forgotten."""
    time = Time()
    made = breaker(time)
    made.canary_ended(well=True)
    fail(made)
    assert state_of(made) is State.OPEN
    time.now += PAUSES_S[0]
    made.canary_ended(well=True)
    assert state_of(made) is State.HALF_OPEN


def test_each_pause_is_longer_than_the_one_before_until_it_has_been_closed() -> None:
    """A server that stays broken is not hammered; one that was well begins anew."""
    time = Time()
    made = closed(time)
    pauses = []
    for _ in range(6):
        made.canary_ended(well=False)
        pauses.append(made.pause)
        time.now += made.pause
    assert pauses == [*PAUSES_S, PAUSES_S[-1], PAUSES_S[-1]]
    made.canary_ended(well=True)
    requests(made, "+")
    made.canary_ended(well=False)
    assert made.pause == PAUSES_S[0]


def test_a_canary_that_passes_before_the_pause_is_over_changes_nothing() -> None:
    """It may have begun before what opened the breaker."""
    time = Time()
    made = closed(time)
    requests(made, "-" * REQUESTS)
    made.canary_ended(well=True)
    assert state_of(made) is State.OPEN
    time.now += PAUSES_S[0]
    made.canary_ended(well=True)
    assert state_of(made) is State.HALF_OPEN


def test_requests_from_before_an_outage_say_nothing_about_now() -> None:
    """A timeout that was begun before Triton's restart must not open the breaker after it."""
    time = Time()
    made = closed(time)
    before = made.opened
    made.canary_ended(well=False)
    time.now += PAUSES_S[0]
    made.canary_ended(well=True)
    made.request_ended(before, well=False)
    made.request_ended(before, well=True)
    assert state_of(made) is State.HALF_OPEN


def test_what_failed_before_it_closed_is_forgotten() -> None:
    """Otherwise the first failure after an outage would open it again."""
    time = Time()
    made = closed(time)
    requests(made, "-" * REQUESTS)
    time.now += PAUSES_S[0]
    made.canary_ended(well=True)
    requests(made, "+")
    requests(made, "-" * (REQUESTS - 1))
    assert state_of(made) is State.CLOSED


def test_workers_that_lost_one_server_do_not_ask_again_in_step() -> None:
    """Between half and the whole of the pause: never at once."""
    drawn = {half_to_whole() for _ in range(100)}
    assert len(drawn) > 50
    assert all(0.5 <= factor <= 1.0 for factor in drawn)


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.breaker = Breaker(self.time)
        self.opened = 0
        self.admitted: list[int] = []
        self.was = State.OPEN

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        """For everybody."""
        self.time.now += seconds

    @rule()
    def a_request_begins(self) -> None:
        """Where it is let through."""
        if self.breaker.admits:
            self.admitted.append(self.breaker.opened)

    @rule(well=st.booleans(), which=st.integers(0, 30))
    def a_request_ends(self, *, well: bool, which: int) -> None:
        """Any of those under way."""
        if self.admitted:
            self.breaker.request_ended(self.admitted.pop(which % len(self.admitted)), well=well)

    @rule(well=st.booleans())
    def a_canary_ends(self, *, well: bool) -> None:
        """It goes through whatever the state."""
        self.breaker.canary_ended(well=well)
        if not well:
            assert self.breaker.state is State.OPEN

    @invariant()
    def open_is_the_only_way_to_half_open_and_half_open_to_closed(self) -> None:
        """Nothing jumps from open to closed, or from closed to half-open."""
        step = (self.was, self.breaker.state)
        assert step not in {(State.OPEN, State.CLOSED), (State.CLOSED, State.HALF_OPEN)}
        self.was = self.breaker.state

    @invariant()
    def open_admits_nothing_and_ends(self) -> None:
        """Its pause is bounded, and openings are counted up only."""
        assert self.breaker.admits == (self.breaker.state is not State.OPEN)
        assert 0 <= self.breaker.pause <= PAUSES_S[-1]
        assert self.breaker.opened >= self.opened
        self.opened = self.breaker.opened


TestAnyOrder = AnyOrder.TestCase
