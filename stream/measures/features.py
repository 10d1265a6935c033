"""What the dynamics are estimated from: a few numbers of a turn or a window, each with a name that says what it is."""

import math
from collections.abc import Sequence
from typing import Final

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Mechanism, Role
from stream.measures.anchors import ANCHORS, WINDOW_TURNS, Dimension, RatedOn
from stream.measures.cues import Cue, acknowledges, count, words
from stream.measures.hearing import Heard, HeardReply
from stream.measures.turns import FinishedSession

_MAX_COUNT: Final = 3.0
"""The count of a cue above which more of it says nothing more."""


def features(dimension: Dimension, session: FinishedSession, heard: Heard, place: int) -> dict[str, float]:
    """Return the features of a dimension for the turn at a place; of a window, for the turn that ends it."""
    match ANCHORS[dimension].rated_on:
        case RatedOn.COUNSELLOR_TURN:
            return _of_reply(session.turns[place].text, heard.turns[place].reply)
        case RatedOn.CLIENT_TURN:
            return _of_client(session.turns[place].text, heard.turns[place].resistance)
        case RatedOn.WINDOW:
            return _of_window(session, heard, place)


def _of_reply(text: str, reply: HeardReply | None) -> dict[str, float]:
    if reply is None:
        raise ValueError("a counsellor's turn was heard as a client's")
    return {
        "length": _length(text),
        "acknowledges": float(acknowledges(text)),
        "resonance": reply.levels[Mechanism.EMOTIONAL_RESONANCE],
        "stance": reply.levels[Mechanism.STANCE_ALIGNMENT],
        "orientation": reply.levels[Mechanism.CONVERSATIONAL_ORIENTATION],
        "simple_reflection": reply.techniques[Technique.SIMPLE_REFLECTION],
        "complex_reflection": reply.techniques[Technique.COMPLEX_REFLECTION],
        "open_question": reply.techniques[Technique.OPEN_QUESTION],
        "closed_question": reply.techniques[Technique.CLOSED_QUESTION],
        "question_marks": _capped(text.count("?")),
    }


def _of_client(text: str, resistance: float) -> dict[str, float]:
    return {
        "length": _length(text),
        "acknowledges": float(acknowledges(text)),
        "first_person": _capped(count(Cue.FIRST_PERSON, text)),
        "own_feeling": _capped(count(Cue.OWN_FEELING, text)),
        "anger": _capped(count(Cue.ANGER, text)),
        "resistance": resistance,
    }


def _of_window(session: FinishedSession, heard: Heard, place: int) -> dict[str, float]:
    places = range(max(0, place + 1 - WINDOW_TURNS), place + 1)
    clients = [each for each in places if session.turns[each].role is Role.CLIENT]
    replies = [reply for each in places if (reply := heard.turns[each].reply) is not None]
    said = [session.turns[each].text for each in clients]
    replied = [session.turns[each].text for each in places if each not in clients]
    return {
        "client_length": _mean([_length(text) for text in said]),
        "client_acknowledges": _mean([float(acknowledges(text)) for text in said]),
        "client_agrees": _mean([_capped(count(Cue.AGREEING, text)) for text in said]),
        "resistance": _mean([heard.turns[each].resistance for each in clients]),
        "resonance": _mean([reply.levels[Mechanism.EMOTIONAL_RESONANCE] for reply in replies]),
        "stance": _mean([reply.levels[Mechanism.STANCE_ALIGNMENT] for reply in replies]),
        "reply_length": _mean([_length(text) for text in replied]),
    }


def _length(text: str) -> float:
    """Return the length of a text in doublings of a word: 0 for none, 1 for one, 4 for 15."""
    return math.log2(1 + len(words(text)))


def _capped(number: int) -> float:
    return min(float(number), _MAX_COUNT)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
