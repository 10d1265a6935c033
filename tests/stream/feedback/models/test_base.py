"""The types between a session and any model: deadlines, shown messages and the canary."""

import pytest

from stream.contracts.errors import Unavailable
from stream.contracts.vocabulary import Role
from stream.feedback.models.base import CANARY, Deadline, ExchangePart, ShownExchange, ShownMessage, ask_canary
from tests.stream.feedback.builders import FAILED, UNREADABLE, ScriptedModel


def test_a_deadline_is_one_for_everything_that_a_request_does() -> None:
    """A deadline covers everything a request does and never gives 0 seconds, which means no limit in gRPC."""
    now = 100.0
    deadline = Deadline.after(5, lambda: now)
    assert deadline.remaining() == 5
    now += 3
    assert deadline.remaining() == 2
    now += 3
    assert 0 < deadline.remaining() <= 0.001


def test_only_numbers_that_were_shown_are_messages() -> None:
    """A model may make up others."""
    assert [CANARY.message(number) for number in (1, 2, 3)] == list(CANARY.messages)
    assert [CANARY.message(number) for number in (-1, 0, 4)] == [None] * 3


@pytest.mark.parametrize(
    ("before", "is_opening"),
    [
        ((), True),
        ((Role.COUNSELLOR,), True),
        ((Role.COUNSELLOR, Role.COUNSELLOR), True),
        ((Role.CLIENT, Role.COUNSELLOR), False),
        ((Role.COUNSELLOR, Role.CLIENT, Role.COUNSELLOR), False),
    ],
)
def test_a_client_who_wrote_nothing_before_is_opening(before: tuple[Role, ...], is_opening: bool) -> None:
    """An exchange is an opening where no message before the client's turn is the client's."""
    roles = [*((ExchangePart.CONTEXT, role) for role in before), (ExchangePart.CLIENT_TURN, Role.CLIENT)]
    messages = [ShownMessage(number, part, role, "words") for number, (part, role) in enumerate(roles, start=1)]
    assert ShownExchange(tuple(messages)).is_opening is is_opening


def test_a_shown_message_hides_its_words() -> None:
    """The representation of a shown message does not show the client's words."""
    shown = repr(ShownMessage(1, ExchangePart.REPLY, Role.COUNSELLOR, "secret"))
    assert "secret" not in shown
    assert "number=1" in shown


async def test_a_canary_is_a_real_inference_on_made_up_words() -> None:
    """The canary is a real inference on made-up words, which are the same for every model."""
    model = ScriptedModel()
    await ask_canary(model, Deadline.after(5))
    assert model.asked == [CANARY]


@pytest.mark.parametrize("error", [FAILED, UNREADABLE])
async def test_without_an_answer_to_the_canary_the_model_is_away(error: Exception) -> None:
    """A model without a readable answer to the canary counts as unavailable."""
    with pytest.raises(Unavailable, match="the feedback model"):
        await ask_canary(ScriptedModel(error), Deadline.after(5))
