"""Whose fault a failed request is."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from stream.feedback.model import Deadline
from stream.feedback.watch import PART, ModelWatch
from stream.runtime.errors import Misconfigured
from stream.runtime.health import Health
from tests.stream.feedback.builders import ScriptedModel


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def watched(model: ScriptedModel) -> tuple[ModelWatch, Health, Time]:
    """A watch on a model, what it says to /readyz, and its time."""
    health, time = Health(PART), Time()
    return ModelWatch(model, health, deadline_s=5, clock=time, sleep=time.sleep), health, time


def away() -> float | None:
    """The gauge."""
    return REGISTRY.get_sample_value("counterpoint_model_away")


async def test_a_stage_is_ready_once_the_canary_has_passed() -> None:
    """And asks no second canary for it."""
    model = ScriptedModel()
    watch, health, _ = watched(model)
    assert health.troubles() == {PART: "starting"}
    await watch.until_there()
    await watch.until_there()
    assert health.troubles() == {}
    assert model.canaries == 1


async def test_while_the_canary_fails_the_stage_waits_and_says_so() -> None:
    """More patiently each time; the gauge is up meanwhile."""
    model = ScriptedModel(away=6)
    watch, health, time = watched(model)
    waiting = asyncio.ensure_future(watch.until_there())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert health.troubles() == {PART: "the feedback model (test) is away; records are held until it is back"}
    assert away() == 1
    await waiting
    assert time.slept == [0.5, 1.0, 2.0, 5.0, 5.0, 5.0]
    assert health.troubles() == {}
    assert away() == 0


async def test_a_canary_that_passes_puts_the_fault_on_the_input() -> None:
    """The model is there, and the request failed all the same."""
    watch, _, time = watched(ScriptedModel())
    time.now += 1
    assert await watch.was_away(since=time.now) is False


async def test_a_canary_that_fails_takes_the_fault_from_the_input() -> None:
    """The answer comes when the model is back."""
    watch, _, time = watched(ScriptedModel(away=1))
    time.now += 1
    assert await watch.was_away(since=time.now) is True
    assert time.slept == [0.5]


async def test_one_outage_is_one_outage_for_all_who_met_it() -> None:
    """Requests that failed side by side ask one after the other; none of them is taken for the culprit."""
    model = ScriptedModel(away=2)
    watch, _, time = watched(model)
    time.now += 1
    began = time.now
    assert await asyncio.gather(*(watch.was_away(began) for _ in range(5))) == [True] * 5
    assert model.canaries == 3
    time.now += 1
    assert await watch.was_away(since=time.now) is False


async def test_another_model_than_ours_stops_the_wait() -> None:
    """No patience helps against a wrong deployment."""

    class Stranger(ScriptedModel):
        async def canary(self, deadline: Deadline) -> None:
            await super().canary(deadline)
            raise Misconfigured("Triton serves another prompt.")

    watch, health, _ = watched(Stranger())
    with pytest.raises(Misconfigured):
        await watch.until_there()
    assert health.troubles() == {PART: "starting"}
