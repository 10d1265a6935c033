"""The model of a run: slow on purpose, judged by the canary, and left alone once it is away or another."""

import pytest

from plugin.rerate.rating import TRIALS, ModelGone
from stream.contracts.errors import Unavailable
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.vocabulary import NeedsHuman
from stream.feedback.models.activation import ActivatedModel, Activation
from stream.feedback.models.availability import CANARY_INTERVAL_S
from stream.feedback.models.base import Deadline, RequestFailed
from stream.feedback.models.patience import MAX_FAILED_REQUESTS
from tests.plugin.rerate.samples import careful
from tests.plugin.samples import NOW
from tests.stream.feedback.builders import FAILED, LLM, UNREADABLE, Time, TriedModel, answer, record


def activation(weights: str = LLM.weights) -> Activation:
    """Return the activation of a version of the scripted model."""
    given = LLM.model_dump(include={"name", "adapter", "prompt", "rubric", "schema_version"})
    return Activation(**given, weights=weights, report_sha256="0", activated_at=NOW)


async def test_requests_are_kept_apart() -> None:
    """However quickly the model answers, there are no more requests a minute than the operator allows."""
    time = Time()
    model = careful(TriedModel(), time, per_minute=20)
    began = time.now
    for _ in range(4):
        assert isinstance(await model.rate(record()), Assessment)
    assert time.now - began == 9
    assert time.slept == [3, 3, 3]


async def test_a_slow_model_is_not_waited_for_twice() -> None:
    """The time that an answer takes counts, so that a model slower than the limit is asked without a pause."""
    time = Time()

    class Slow(TriedModel):
        async def canary(self, deadline: Deadline) -> None:
            await super().canary(deadline)
            time.now += 5

    model = careful(Slow(), time, per_minute=20)
    assert await model.try_out() == 5
    await model.rate(record())
    assert time.slept == []


async def test_the_price_is_that_of_a_made_up_exchange() -> None:
    """Before a word is read the model is tried on the canary alone; the pause between two requests is the least."""
    scripted = TriedModel()
    assert await careful(scripted, per_minute=30).try_out() == 2
    assert (scripted.canaries, scripted.asked) == (TRIALS, [])


async def test_a_model_that_is_away_ends_the_run() -> None:
    """Neither before nor after a failed request is a model waited for, and an outage is never an answer."""
    with pytest.raises(ModelGone, match="run this again"):
        await careful(TriedModel(away=1)).try_out()
    model = careful(TriedModel(FAILED, outage=1))
    await model.try_out()
    with pytest.raises(ModelGone) as gone:
        await model.rate(record())
    assert not isinstance(gone.value, Unavailable)
    assert gone.value.exit_status == 1


async def test_an_input_that_the_model_cannot_answer_is_an_abstention() -> None:
    """A request that fails while the canary passes is tried as often as in the feedback stage."""
    scripted = TriedModel(RequestFailed("invalid_argument"))
    found = await careful(scripted).rate(record())
    assert isinstance(found, Abstention)
    assert found.reason is NeedsHuman.MODEL_FAILED
    assert len(scripted.asked) == MAX_FAILED_REQUESTS


@pytest.mark.parametrize(
    ("script", "reason"),
    [(UNREADABLE, NeedsHuman.ANSWER_UNUSABLE), (answer(abstain=True), NeedsHuman.MODEL_ABSTAINED)],
)
async def test_abstentions_are_those_of_the_feedback_stage(script: object, reason: NeedsHuman) -> None:
    """An answer that cannot be read, and a model that is not sure, are abstentions with their reasons."""
    found = await careful(TriedModel(script)).rate(record())  # type: ignore[arg-type]
    assert isinstance(found, Abstention)
    assert found.reason is reason


async def test_a_canary_is_asked_from_time_to_time() -> None:
    """Only the canary knows what is served now, so that it is asked again when the last one is old."""
    time, scripted = Time(), TriedModel()
    model = careful(scripted, time)
    for _ in range(3):
        await model.rate(record())
    assert scripted.canaries == 1
    time.now += CANARY_INTERVAL_S
    await model.rate(record())
    assert scripted.canaries == 2


async def test_another_model_ends_the_run() -> None:
    """Where another version is served than at the start, its answers are not mixed into this run."""
    time, scripted = Time(), TriedModel()
    model = careful(scripted, time)
    await model.try_out()
    scripted._version = LLM.model_copy(update={"weights": "2"})
    time.now += CANARY_INTERVAL_S
    with pytest.raises(ModelGone, match="another one than at the start"):
        await model.rate(record())


async def test_a_model_that_nobody_activated_rates_nothing() -> None:
    """The activation gate holds at the start, and for one that is taken away during the run."""
    time, given = Time(), [activation()]
    model = careful(ActivatedModel(TriedModel(), lambda: given[0]), time)
    await model.try_out()
    given[0] = activation("2")
    time.now += CANARY_INTERVAL_S
    with pytest.raises(ModelGone, match="activation"):
        await model.rate(record())
    with pytest.raises(ModelGone, match="activation"):
        await careful(ActivatedModel(TriedModel(), lambda: given[0])).try_out()
