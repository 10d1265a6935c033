"""Sessions of the random sample for tests: a conversation of three client turns, of which one is an exchange."""

from typing import Any

from plugin.queue.look_views import LookAnswer, TurnAnswers
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import LeftOut, Role
from tests.plugin.samples import MODEL, message, record

TURNS = (("m-1",), ("m-3", "m-4"), ("m-6",))
FURTHER = ("Well, that is how it is.", "And it rains.", "I see.", "Bye then.")
ALL_NO = {position: TurnAnswers(LookAnswer.NO, LookAnswer.NO) for position in range(len(TURNS))}


def sampled(**changes: Any) -> FeedbackRecord:
    """Return a session of the sample: its first client turn is a moment, the two others are not."""
    counsellor = changes.get("counsellor", "p_ana")
    whole = record(**changes)
    further = [
        message(number, text, role=role, author="p_client" if role is Role.CLIENT else counsellor)
        for number, text, role in zip(
            range(3, 7), FURTHER, (Role.CLIENT, Role.CLIENT, Role.COUNSELLOR, Role.CLIENT), strict=True
        )
    ]
    sample = {"messages": (*whole.messages, *further), "sampled_turns": TURNS, "sampled_model": MODEL}
    return whole.model_copy(update=sample)


def sampled_and_left_out(**changes: Any) -> FeedbackRecord:
    """Return a session of the sample in which the detector flagged nothing."""
    nothing: dict[str, Any] = {"exchanges": (), "assessments": (), "left_out": LeftOut.NO_RESISTANCE}
    return sampled(**changes).model_copy(update=nothing)
