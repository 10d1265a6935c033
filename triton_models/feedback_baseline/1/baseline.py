"""The CPU baseline: levels, reasons and evidence from named cues, and one option for a reply from a library.

It understands nothing: it finds cues that people can read in cues.toml and patterns.toml, and hears by the words alone
what reads like a reflection or like advice. What it cannot know it
leaves out: whether the client resisted at all (the verdict) and how (the type). Text has no effect other than as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .alternatives import alternative
from .behaviours import Behaviours
from .cues import FUNCTION_WORDS
from .fingerprint import fingerprint
from .ratings import BEHAVIOURS, RULES, STRENGTHS, STRONG, Moment, Rating
from .text import Sentence, readable, sentences

VERSION = "0.3"
"""Of rules, cues, patterns and weights together: a change to any of them is another version."""
FINGERPRINT = fingerprint(Path(__file__).parent)
RUBRIC_VERSION = "0.2"

MOST_STRENGTHS = 2
"""Few points are read; the levels show the rest."""

NOT_READABLE = "The reply has no words that rules for English can read."


def assess(request: dict[str, Any], behaviours: Behaviours = BEHAVIOURS) -> dict[str, Any]:
    """Rate one reply; other weights than those that ship are for measuring what they are worth.

    Raises:
        ValueError: a request of another shape; the sentence never holds text of a message.
    """
    moment = _moment(request, behaviours)
    if not readable(moment.reply, FUNCTION_WORDS):
        return _answer(dict.fromkeys(RULES), [], abstain_reason=NOT_READABLE)
    ratings = {name: rule(moment) for name, rule in RULES.items()}
    option = alternative(moment, ratings)
    return _answer(ratings, [option] if option else [])


def _moment(request: dict[str, Any], behaviours: Behaviours = BEHAVIOURS) -> Moment:
    match request:
        case {"schema": "2", "messages": [*messages]}:
            parts: dict[str, list[Sentence]] = {"context": [], "client_turn": [], "reply": []}
        case _:
            raise ValueError('the request is not of schema "2" with a list of messages')
    for message in messages:
        match message:
            case {"number": int(number), "part": str(part), "text": str(text)} if part in parts:
                parts[part] += sentences(number, text)
            case _:
                raise ValueError("a message lacks its number, part or text")
    return Moment(parts["client_turn"], parts["reply"], behaviours)


def _answer(
    ratings: Mapping[str, Rating | None], alternatives: list[dict[str, Any]], abstain_reason: str = ""
) -> dict[str, Any]:
    strong = [name for name, rating in ratings.items() if rating and rating.level == STRONG]
    return {
        "verdict": "not_assessed",
        "resistance_type": None,
        "ratings": [_rating(name, rating) for name, rating in ratings.items()],
        "strengths": [STRENGTHS[name] for name in strong[:MOST_STRENGTHS]],
        "alternatives": alternatives,
        "abstain": bool(abstain_reason),
        "abstain_reason": abstain_reason,
    }


def _rating(mechanism: str, rating: Rating | None) -> dict[str, Any]:
    if rating is None:
        return {"mechanism": mechanism, "level": None, "reason": "", "evidence": []}
    evidence = [{"message": number, "quote": words} for number, words in rating.evidence]
    return {"mechanism": mechanism, "level": rating.level, "reason": rating.reason, "evidence": evidence}
