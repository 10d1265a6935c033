"""The worked examples of the prompt: three made-up exchanges with the answers that a model should give.

Written by us; nobody's words. Each answer passes our own gate: a test holds it against that.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from stream.contracts.vocabulary import Concern, Mechanism, ResistanceType, Role, Verdict
from stream.feedback.models.base import ExchangePart, ShownExchange, ShownMessage

_AUTONOMY, _STANCE, _RESONANCE, _ORIENTATION = Mechanism


@dataclass(frozen=True)
class FewShot:
    """An exchange and its answer, as the model is to write it."""

    exchange: ShownExchange
    answer: dict[str, Any]

    @property
    def answer_json(self) -> str:
        """The answer on one line, in the order of the schema."""
        return json.dumps(self.answer, ensure_ascii=False)


def _exchange(*messages: tuple[ExchangePart, Role, str]) -> ShownExchange:
    return ShownExchange(tuple(ShownMessage(n, part, role, text) for n, (part, role, text) in enumerate(messages, 1)))


def _rating(mechanism: Mechanism, level: int | None, reason: str, *quotes: tuple[int, str]) -> dict[str, Any]:
    evidence = [{"message": number, "quote": quote} for number, quote in quotes]
    return {"mechanism": mechanism.value, "evidence": evidence, "reason": reason, "level": level}


_RUNNING = FewShot(
    _exchange(
        (ExchangePart.CONTEXT, Role.COUNSELLOR, "Last week you wanted to try going for a run before work. How was it?"),
        (
            ExchangePart.CLIENT_TURN,
            Role.CLIENT,
            "I didn't go. Running in the dark after a night like mine, are you serious?",
        ),
        (
            ExchangePart.REPLY,
            Role.COUNSELLOR,
            "Fair enough, you had a bad night. But exercise really does help with sleep. What got in the way?",
        ),
    ),
    {
        "critical_content": None,
        "verdict": Verdict.CONFIRMED.value,
        "resistance_type": ResistanceType.DISAGREEING.value,
        "ratings": [
            _rating(
                _AUTONOMY,
                0,
                "The reply presses on with the plan and does not touch on whether the client wants it.",
                (2, "are you serious?"),
            ),
            _rating(
                _STANCE,
                1,
                "The reply takes up the bad night, and then turns against it with the case for exercise.",
                (3, "Fair enough, you had a bad night."),
                (3, "But exercise really does help with sleep."),
            ),
            _rating(
                _RESONANCE,
                0,
                "The annoyance in the client's question is not heard.",
                (2, "Running in the dark after a night like mine"),
            ),
            _rating(
                _ORIENTATION,
                1,
                "A way on is opened by a question that could follow any plan that was not kept.",
                (3, "What got in the way?"),
            ),
        ],
        "strengths": [],
        "alternatives": [
            {
                "text": (
                    "After a night like that, running in the dark sounds like the last thing you would want. Shall we"
                    " drop it, or look at the nights first?"
                ),
                "mechanism": _STANCE.value,
            }
        ],
        "abstain": False,
        "abstain_reason": "",
    },
)

_MOTHER_IN_LAW = FewShot(
    _exchange(
        (ExchangePart.CONTEXT, Role.COUNSELLOR, "What did she say when you told her about the flat?"),
        (
            ExchangePart.CLIENT_TURN,
            Role.CLIENT,
            "That we can't afford it. She's wrong, I have done the sums three times.",
        ),
        (
            ExchangePart.REPLY,
            Role.COUNSELLOR,
            (
                "You have done the sums three times and still had to defend them. I imagine that was frustrating."
                " Which part of what she said stays with you most?"
            ),
        ),
    ),
    {
        "critical_content": None,
        "verdict": Verdict.REJECTED.value,
        "resistance_type": None,
        "ratings": [
            _rating(_AUTONOMY, 0, "Nothing in the reply touches on whose choice the flat is."),
            _rating(
                _STANCE,
                2,
                "The reply says back the client's own point and lets it stand.",
                (3, "You have done the sums three times and still had to defend them."),
            ),
            _rating(
                _RESONANCE,
                2,
                "A feeling is named as a guess and tied to having to defend the sums.",
                (3, "I imagine that was frustrating."),
            ),
            _rating(
                _ORIENTATION,
                2,
                "One clear next thing is asked that takes up what the client reported.",
                (3, "Which part of what she said stays with you most?"),
            ),
        ],
        "strengths": ["The client's own effort is said back before anything is asked."],
        "alternatives": [],
        "abstain": False,
        "abstain_reason": "",
    },
)

_LAMP = FewShot(
    _exchange(
        (
            ExchangePart.CLIENT_TURN,
            Role.CLIENT,
            "I won't take them. The lamp passes on what I think to the people upstairs.",
        ),
        (ExchangePart.REPLY, Role.COUNSELLOR, "I can understand that you would want to be careful at home then."),
    ),
    {
        "critical_content": Concern.DELUSION.value,
        "verdict": Verdict.CONFIRMED.value,
        "resistance_type": ResistanceType.UNWILLINGNESS.value,
        "ratings": [_rating(mechanism, None, "") for mechanism in Mechanism],
        "strengths": [],
        "alternatives": [],
        "abstain": True,
        "abstain_reason": "The client turn speaks of a belief that a person should look at.",
    },
)

FEW_SHOTS: Final = (_RUNNING, _MOTHER_IN_LAW, _LAMP)
