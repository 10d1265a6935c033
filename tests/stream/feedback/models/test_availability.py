"""Failed requests are attributed to the input or the model, and no request is made while the model is away."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from stream.contracts.errors import Misconfigured, Unavailable
from stream.feedback.models.availability import CANARY_INTERVAL_S, RELOAD_COOLDOWN_S, ModelAvailability
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.breaker import MIN_OUTCOMES, RETRY_DELAYS_S, BreakerState, CircuitBreaker
from stream.runtime.health import Health, ReadinessPart
from tests.stream.feedback.builders import ScriptedModel, Time

AWAY = {ReadinessPart.MODEL: "the feedback model (internal) is away; records are held until it is back"}


class Model(ScriptedModel):
    """A model whose canaries fail with a code and whose reload succeeds, is refused or does nothing."""

    def __init__(self, *, away: int = 0, code: str = "internal", reload: str = "mends") -> None:
        super().__init__(away=away)
        self.code = code
        self.reload_does = reload
        self.reloads = 0

    async def canary(self, deadline: Deadline) -> None:
        """Fail the canary with the configured code as often as configured."""
        try:
            await super().canary(deadline)
        except ModelUnavailable:
            raise ModelUnavailable(self.code) from None

    async def reload(self, deadline: Deadline) -> bool:
        """Reload the model with the configured outcome."""
        assert deadline.remaining() > 60
        self.reloads += 1
        if self.reload_does == "mends":
            self.away = 0
        if self.reload_does == "refused":
            raise RequestFailed("unavailable")
        return self.reload_does == "mends"


class Watched:
    """A watch on a model, what it says to /readyz, its time, and what it lets through."""

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.health = Health(ReadinessPart.MODEL)
        self.time = Time()
        self.states: list[BreakerState] = []
        self.availability = ModelAvailability(
            model,
            self.health,
            deadline_s=5,
            clock=self.time,
            sleep=self.time.sleep,
            breaker=CircuitBreaker(self.time, jitter=lambda: 1.0),
            on_state_change=self.states.append,
        )

    async def close(self) -> None:
        """Make a request that succeeds, so that the breaker is closed."""
        await self.availability.request(well)
        assert gauge() == BreakerState.CLOSED
        self.states.clear()


async def well() -> str:
    """A request that goes well."""
    return "answer"


def fails(code: str) -> Callable[[], Awaitable[str]]:
    """A request that does not."""

    async def ask() -> str:
        await asyncio.sleep(0.001)
        raise RequestFailed(code)

    return ask


async def until(true: Callable[[], object]) -> None:
    """Let the others work until something is so."""
    for _ in range(10_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never became so")


def gauge() -> float | None:
    """Return the value of the breaker's metric."""
    return REGISTRY.get_sample_value("counterpoint_breaker_state")


async def test_a_stage_is_ready_once_the_canary_has_passed() -> None:
    """A stage is ready once the canary has passed, and asks no second canary."""
    watched = Watched(ScriptedModel())
    assert watched.health.troubles() == {ReadinessPart.MODEL: "starting"}
    assert gauge() == BreakerState.OPEN
    await watched.availability.wait_until_seen()
    await watched.availability.wait_until_seen()
    assert watched.health.troubles() == {}
    assert watched.model.canaries == 1


async def test_while_the_canary_fails_the_stage_waits_and_says_so() -> None:
    """More patiently each time."""
    watched = Watched(Model(away=6, code="resource_exhausted"))
    waiting = asyncio.ensure_future(watched.availability.request(well))
    for _ in range(4):
        await asyncio.sleep(0)
    assert watched.health.troubles() == {
        ReadinessPart.MODEL: "the feedback model (resource_exhausted) is away; records are held until it is back"
    }
    assert gauge() == BreakerState.OPEN
    assert await waiting == "answer"
    assert watched.time.slept == [*RETRY_DELAYS_S, 5.0, 5.0]
    assert watched.health.troubles() == {}
    assert gauge() == BreakerState.CLOSED


async def test_each_change_is_reported_and_logged() -> None:
    """Each change of the breaker is reported to the listener and logged."""
    watched = Watched(ScriptedModel())
    await watched.close()
    watched.model.away = 1
    with capture_logs() as lines, pytest.raises(Unavailable):
        await watched.availability.request(fails("unavailable"))
    await watched.availability.request(well)
    assert watched.states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]
    assert [(line["log_level"], line["event"], line.get("state")) for line in lines] == [
        ("warning", "breaker", "open"),
        ("warning", "canary_failed", None),
    ]


async def test_a_canary_that_passes_puts_the_fault_on_the_input() -> None:
    """The model is there, and the request failed all the same."""
    watched = Watched(ScriptedModel())
    await watched.close()
    for _ in range(3):
        with pytest.raises(RequestFailed):
            await watched.availability.request(fails("model_error"))
    assert watched.states == []
    assert watched.model.canaries == 4


async def test_a_canary_that_fails_takes_the_fault_from_the_input() -> None:
    """A failing canary shows that the model is away and not that the input is bad."""
    watched = Watched(ScriptedModel())
    await watched.close()
    watched.model.away = 1
    with pytest.raises(Unavailable):
        await watched.availability.request(fails("model_error"))


async def test_one_outage_is_one_outage_for_all_who_met_it() -> None:
    """Requests that failed side by side ask one canary; none of them is taken for the culprit."""
    watched = Watched(ScriptedModel())
    await watched.close()
    before = watched.model.canaries
    watched.model.away = 1
    found = await asyncio.gather(
        *(watched.availability.request(fails("unavailable")) for _ in range(5)), return_exceptions=True
    )
    assert [type(one) for one in found] == [Unavailable] * 5
    assert watched.model.canaries == before + 1


@pytest.mark.parametrize("code", ["deadline_exceeded", "internal", "broken_stream"])
async def test_when_most_requests_fail_the_breaker_opens_though_the_canary_passes(code: str) -> None:
    """An overloaded server answers a short exchange; the ten that time out are not at fault, all of them."""
    watched = Watched(ScriptedModel())
    await watched.close()
    found = [
        await asyncio.gather(watched.availability.request(fails(code)), return_exceptions=True)
        for _ in range(MIN_OUTCOMES)
    ]
    assert [type(one) for (one,) in found] == [RequestFailed] * (MIN_OUTCOMES - 1) + [Unavailable]
    assert watched.health.troubles() == {
        ReadinessPart.MODEL: "too many requests to the feedback model fail; records are held until it is back"
    }


@pytest.mark.parametrize("code", ["model_error", "invalid_argument"])
async def test_bad_input_does_not_count(code: str) -> None:
    """Bad input does not open the breaker, because it must not delay good input."""
    watched = Watched(ScriptedModel())
    await watched.close()
    for _ in range(2 * MIN_OUTCOMES):
        with pytest.raises(RequestFailed):
            await watched.availability.request(fails(code))
    assert watched.states == []


async def test_half_open_requests_go_one_at_a_time_and_in_their_order() -> None:
    """A server that is just back is not met by everything that has waited for it."""
    watched = Watched(ScriptedModel())
    under_way, order = [0], list[tuple[int, BreakerState]]()

    def ask(number: int) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            under_way[0] += 1
            order.append((number, BreakerState(int(gauge() or 0))))
            assert BreakerState.HALF_OPEN not in {state for _, state in order} or under_way[0] == 1 or number > 0
            await asyncio.sleep(0.001)
            under_way[0] -= 1

        return work

    await asyncio.gather(*(watched.availability.request(ask(number)) for number in range(4)))
    assert order == [
        (0, BreakerState.HALF_OPEN),
        (1, BreakerState.CLOSED),
        (2, BreakerState.CLOSED),
        (3, BreakerState.CLOSED),
    ]


async def test_a_trial_that_fails_lets_the_next_one_try() -> None:
    """A trial that fails lets another request be the next trial, since one input may always fail."""
    watched = Watched(ScriptedModel())
    asked: list[str] = []

    async def poison() -> None:
        for _ in range(3):
            asked.append("poison")
            with pytest.raises(RequestFailed):  # it is at fault: the canary passes before and after
                await watched.availability.request(fails("internal"))

    async def good() -> None:
        await watched.availability.request(well)
        asked.append("good")

    await asyncio.gather(poison(), good())
    assert asked == ["poison", "poison", "good", "poison"]
    assert watched.states[:4] == [
        BreakerState.HALF_OPEN,
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
        BreakerState.CLOSED,
    ]


@pytest.mark.parametrize("code", ["internal", "model_error", "not_found"])
async def test_a_model_that_died_is_reloaded_after_the_second_canary(code: str) -> None:
    """A model that died is loaded again only after the second failed canary, as one failure may be chance."""
    watched = Watched(Model(away=9, code=code))
    await watched.availability.wait_until_seen()
    assert isinstance(watched.model, Model)
    assert (watched.model.reloads, watched.model.canaries) == (1, 3)
    assert watched.health.troubles() == {}


@pytest.mark.parametrize(
    ("code", "away", "reloads"),
    [
        ("deadline_exceeded", 4, 0),
        ("deadline_exceeded", 9, 1),
        ("its canary answer cannot be used: bad_json", 9, 0),
    ],
    ids=["slow", "hung", "wrong"],
)
async def test_a_model_that_is_slow_or_wrong_is_not_reloaded(code: str, away: int, reloads: int) -> None:
    """A slow or wrong model is not loaded again, except one that is slow for five deadlines."""
    model = Model(away=away, code=code)
    await Watched(model).availability.wait_until_seen()
    assert model.reloads == reloads


async def test_where_it_may_not_be_loaded_readiness_says_what_to_do() -> None:
    """Readiness says what to do while the model may not be loaded, and loading is tried at most once a minute."""
    model = Model(away=20, reload="refused")
    watched = Watched(model)
    waiting = asyncio.ensure_future(watched.availability.wait_until_seen())
    for _ in range(12):
        await asyncio.sleep(0)
    assert watched.health.troubles() == {
        ReadinessPart.MODEL: "the feedback model (internal) is away and was not reloaded (unavailable): have Triton"
        " unload and load it, or restart Triton; records are held until it is back"
    }
    await waiting
    assert model.reloads == 1 + sum(watched.time.slept[2:]) // RELOAD_COOLDOWN_S
    assert watched.health.troubles() == {}


async def test_a_server_that_is_gone_does_not_keep_its_model_from_being_loaded_when_it_is_back() -> None:
    """A model is loaded when its server is back, because a load that failed does not count as done."""
    model = Model(away=4, reload="nobody there")
    watched = Watched(model)
    await watched.close()
    asked, model.away, model.reload_does = model.reloads, 9, "mends"
    with pytest.raises(Unavailable):
        await watched.availability.request(fails("internal"))
    await watched.availability.request(well)
    assert watched.time.now < 100 + RELOAD_COOLDOWN_S
    assert model.reloads == asked + 1


async def test_in_a_quiet_hour_the_canary_is_asked_now_and_then() -> None:
    """The canary is asked periodically without requests, so that a model that died is loaded again."""
    model = Model()
    watched = Watched(model)
    looking = asyncio.ensure_future(watched.availability.monitor())
    await until(lambda: watched.time.now >= 100 + 3 * CANARY_INTERVAL_S)
    assert model.canaries in {4, 5}  # two to close the breaker
    model.away = 9
    await until(lambda: model.reloads)
    await until(lambda: gauge() == BreakerState.CLOSED)
    looking.cancel()


async def test_where_requests_go_well_no_canary_is_asked() -> None:
    """The canary is not asked while requests succeed."""
    watched = Watched(ScriptedModel())
    looking = asyncio.ensure_future(watched.availability.monitor())
    await watched.close()
    asked = watched.model.canaries
    while watched.time.now < 100 + 3 * CANARY_INTERVAL_S:
        await watched.availability.request(well)
        await asyncio.sleep(0)
    assert watched.model.canaries <= asked + 1
    looking.cancel()


async def test_another_model_than_ours_stops_the_wait() -> None:
    """The wait ends when another model than ours answers, because waiting does not help then."""

    class Stranger(ScriptedModel):
        async def canary(self, deadline: Deadline) -> None:
            await super().canary(deadline)
            raise Misconfigured("Triton serves another prompt.")

    watched = Watched(Stranger())
    with pytest.raises(Misconfigured):
        await watched.availability.wait_until_seen()
    with pytest.raises(Misconfigured):
        await watched.availability.monitor()
    assert watched.health.troubles() == {ReadinessPart.MODEL: "starting"}
