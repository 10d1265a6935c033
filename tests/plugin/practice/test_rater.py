"""Tests of the rating of an attempt: the same de-identification, repair and gate, and a short patience."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plugin.practice.rater import AT_ONCE, MAX_WAIT_S, PracticeRater, open_rater
from plugin.queue.practice_views import PractisedReply, Rewriting
from plugin.queue.views import MessageView
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, Role
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.availability import CANARY_INTERVAL_S
from stream.feedback.models.base import Deadline, FeedbackModel, ShownExchange
from stream.feedback.models.baseline import InProcessBaseline
from stream.runtime.settings import FeedbackSettings
from tests.stream.feedback.builders import FAILED, UNREADABLE, ScriptedModel, Time, answer, rating

CLIENT = "Nadia Brandt here. I don't see how talking would change anything."
REPLY = "It is up to you, Nadia. What would make today worth your time? Yours, Will Hansen"
AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
SESSION = UUID("5f0d3c52-8a53-5f4e-9d6e-0d3f8e7a1b01")


def said(number: int, role: Role, words: str) -> MessageView:
    """Return a stored message."""
    return MessageView(f"k{number}", role, "", datetime(2026, 3, 2, 18, number, tzinfo=UTC), words)


def rewriting(reply: str = REPLY, *, client: Sequence[str] = (CLIENT,)) -> PractisedReply:
    """Return what a model is asked about a rewritten reply."""
    return Rewriting(
        tenant="sample",
        session_id=SESSION,
        exchange_id=UUID(int=1),
        revision=1,
        context=(said(0, Role.COUNSELLOR, "How was the week?"), said(1, Role.SYSTEM, "A notice.")),
        client_turn=tuple(said(number, Role.CLIENT, words) for number, words in enumerate(client, start=2)),
        reply=reply,
        therapist="Will Hansen",
    ).practised


def rater(model: FeedbackModel, *, wait_s: float = 5.0, clock: Time | None = None) -> PracticeRater:
    """Return a rater of a model."""
    return PracticeRater(lambda: model, wait_s=wait_s, clock=clock or Time())


async def test_the_baseline_rates_an_attempt_as_any_other_reply() -> None:
    """The in-process baseline gives a rewritten reply levels with reasons and quotations of it."""
    asked = open_rater(FeedbackSettings(triton_url="in-process"))
    assert asked is not None
    found = await asked.rate(
        rewriting("It is up to you. It sounds as if you are tired of it. What would you rather do?")
    )
    assert isinstance(found, Assessment)
    assert found.model.key == InProcessBaseline().version.key
    levels = {each.mechanism: each.level for each in found.ratings}
    assert set(levels) == set(Mechanism)
    quoted = [item.quote for each in found.ratings for item in each.evidence]
    assert quoted
    assert any(
        quote in "It is up to you. It sounds as if you are tired of it. What would you rather do?" for quote in quoted
    )
    await asked.close()


async def test_a_model_reads_the_exchange_with_the_new_reply_and_no_name() -> None:
    """A model is shown context, client turn and rewritten reply, with recognised names and the therapist's replaced."""
    model = ScriptedModel()
    await rater(model).rate(rewriting())
    (shown,) = model.asked
    assert [message.part.value for message in shown.messages] == ["context", "context", "client_turn", "reply"]
    words = "\n".join(message.text for message in shown.messages)
    assert "talking would change anything" in words
    assert "worth your time" in words
    for name in ("Nadia", "Brandt", "Will", "Hansen"):
        assert name not in words


async def test_a_quotation_that_is_not_there_gets_no_level() -> None:
    """The gate drops a level whose quotation is not in the exchange, after the model was asked for a repair."""
    invented = answer(rating(AUTONOMY, 2, (4, "words that nobody wrote")))
    model = ScriptedModel(invented)
    found = await rater(model).rate(rewriting())
    assert isinstance(found, Assessment)
    (autonomy,) = [each for each in found.ratings if each.mechanism is AUTONOMY]
    assert (autonomy.level, autonomy.needs_human) == (None, NeedsHuman.EVIDENCE_NOT_FOUND)
    assert model.repairs[0] is None
    assert model.repairs[1]


async def test_a_quotation_is_found_in_the_therapists_own_words() -> None:
    """Evidence quotes the reply as it was written, also where the model saw a placeholder."""
    model = ScriptedModel(answer(rating(AUTONOMY, 2, (4, "It is up to you"))))
    found = await rater(model).rate(rewriting())
    assert isinstance(found, Assessment)
    (autonomy,) = [each for each in found.ratings if each.mechanism is AUTONOMY]
    assert autonomy.level is Level.STRONG
    assert [item.quote for item in autonomy.evidence] == ["It is up to you"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (answer(abstain=True, abstain_reason="Too short."), NeedsHuman.MODEL_ABSTAINED),
        (answer(critical_content="suicide"), NeedsHuman.CRITICAL_CONTENT),
        (UNREADABLE, NeedsHuman.ANSWER_UNUSABLE),
    ],
)
async def test_what_is_no_assessment_is_an_abstention(script: ModelAnswer | Exception, reason: NeedsHuman) -> None:
    """A model that abstains, finds critical content or answers garbage leaves an abstention with its reason."""
    found = await rater(ScriptedModel(script)).rate(rewriting())
    assert isinstance(found, Abstention)
    assert found.reason is reason


async def test_a_model_that_is_away_gives_no_answer_and_is_asked_again() -> None:
    """While the canary fails nothing is asked; with the next attempt the model is there again."""
    model = ScriptedModel(away=1)
    asked = rater(model)
    assert await asked.rate(rewriting()) is None
    assert model.asked == []
    assert isinstance(await asked.rate(rewriting()), Assessment)


async def test_a_failed_request_is_given_up_at_once() -> None:
    """A page does not ask again and again: one failure ends the attempt, and the next one begins with a canary."""
    model = ScriptedModel(FAILED, answer())
    asked = rater(model)
    assert await asked.rate(rewriting()) is None
    assert (len(model.asked), model.canaries) == (1, 1)
    assert isinstance(await asked.rate(rewriting()), Assessment)
    assert model.canaries == 2


async def test_a_canary_is_asked_when_the_last_one_is_old() -> None:
    """Attempts one after the other need one canary; after some minutes it is asked anew."""
    clock, model = Time(), ScriptedModel()
    asked = rater(model, clock=clock)
    for _ in range(3):
        await asked.rate(rewriting())
    assert model.canaries == 1
    clock.now += CANARY_INTERVAL_S
    await asked.rate(rewriting())
    assert model.canaries == 2


async def test_a_model_that_cannot_be_opened_gives_no_answer() -> None:
    """A wrong setting leaves the words without an answer, and the model is opened with the next attempt."""
    waiting: list[FeedbackModel | None] = [None, ScriptedModel()]

    def opened() -> FeedbackModel:
        model = waiting.pop(0)
        if model is None:
            raise Misconfigured("feedback.activation: it cannot be read.")
        return model

    asked = PracticeRater(opened, wait_s=5.0, clock=Time())
    assert await asked.rate(rewriting()) is None
    assert isinstance(await asked.rate(rewriting()), Assessment)


class Slow(ScriptedModel):
    """A model that answers when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.is_full = asyncio.Event()

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """Wait, then answer."""
        assert (deadline.remaining() > 0, repair) == (True, None)
        self.asked.append(exchange)
        if len(self.asked) == AT_ONCE:
            self.is_full.set()
        await self.may_answer.wait()
        return answer()


async def test_a_slow_model_is_not_waited_for() -> None:
    """After its patience the page goes on without an answer."""
    assert await rater(Slow(), wait_s=0.05).rate(rewriting()) is None


async def test_few_attempts_are_rated_at_once() -> None:
    """However many people practise at once, the model has a few attempts at a time, and all get their answers."""
    model = Slow()
    asked = rater(model, wait_s=30)
    running = [asyncio.create_task(asked.rate(rewriting())) for _ in range(AT_ONCE + 3)]
    await model.is_full.wait()
    await asyncio.sleep(0.05)  # in which a further one would have come
    assert len(model.asked) == AT_ONCE
    model.may_answer.set()
    assert all(isinstance(each, Assessment) for each in await asyncio.gather(*running))


async def test_a_model_that_nobody_activated_rates_no_attempt(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The activation gate holds for attempts: without a readable activation there is no answer."""
    missing = tmp_path_factory.mktemp("activation") / "none.json"
    asked = open_rater(FeedbackSettings(triton_url="in-process", activation=missing))
    assert asked is not None
    assert await asked.rate(rewriting()) is None


def test_where_untold_names_are_not_read_there_is_no_practice() -> None:
    """A service that lets no model read words whose names nobody told has no rater: told names are not stored."""
    assert open_rater(FeedbackSettings(triton_url="in-process", without_names="abstain")) is None


def test_the_patience_is_the_settings_deadline_within_that_of_a_connection() -> None:
    """A page waits as long as the settings say, and never longer than its connection lives."""
    for deadline_s, expected in ((5.0, 5.0), (60.0, MAX_WAIT_S)):
        asked = open_rater(FeedbackSettings(triton_url="in-process", deadline_s=deadline_s))
        assert asked is not None
        assert asked._wait_s == expected
