"""The sentences that say why a mechanism has its level, from what the reader hears in the sentence that carries it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .evidence import Heard, carrier, opponent
from .opinions import MECHANISMS
from .text import Sentence, quotation

NONE, WEAK, STRONG = 0, 1, 2

_STRONG_FROM = 1.5
"""The expected level from which on a sentence is strong by itself."""
SURE = 0.8
"""The probability from which on a technique is named: two readers often name different ones."""

_GENERAL = {
    ("respect_for_autonomy", STRONG): "leaves the choice to the client",
    ("respect_for_autonomy", WEAK): "leaves some room without saying that the choice is the client's",
    ("stance_alignment", STRONG): "takes up the client's view and lets it stand",
    ("stance_alignment", WEAK): "touches on the client's view without saying it back and letting it stand",
    ("emotional_resonance", STRONG): "names a feeling and ties it to what the client has told",
    ("emotional_resonance", WEAK): "acknowledges a feeling in words that would fit anybody",
    ("conversational_orientation", STRONG): "opens one next thing to talk about, from what the client has just said",
    ("conversational_orientation", WEAK): "opens a way on in general terms",
}
"""How a sentence expresses a mechanism, whatever its technique: the rubric's words for the level."""

_BY_TECHNIQUE = {
    ("respect_for_autonomy", STRONG): {
        "emphasize_autonomy": "says that the choice is the client's",
        "advice_with_permission": "asks leave before it offers an idea",
    },
    ("respect_for_autonomy", WEAK): {
        "advice_with_permission": "offers one way in soft words",
        "advice_without_permission": "suggests one way in soft words",
        "structure": "suggests one way in soft words",
    },
    ("stance_alignment", STRONG): {
        "simple_reflection": "says back the client's point and sets nothing against it",
        "complex_reflection": "puts the client's point into other words and sets nothing against it",
        "open_question": "asks about the client's view and does not doubt it",
        "closed_question": "asks about the client's view and does not doubt it",
        "apology": "says sorry for the very thing that the client has named",
    },
    ("stance_alignment", WEAK): {
        "open_question": "asks about the client's view without saying it back",
        "closed_question": "asks about the client's view without saying it back",
        "confrontation": "takes up the client's view, then sets something against it",
        "advice_without_permission": "takes up the client's view, then sets advice against it",
    },
    ("emotional_resonance", STRONG): {},
    ("emotional_resonance", WEAK): {
        "open_question": "asks about the feeling without naming it",
        "closed_question": "asks about the feeling without naming it",
        "reassurance": "comforts in words that would fit anybody",
        "normalizing": "says that others know the feeling, without tying it to what this client has told",
    },
    ("conversational_orientation", STRONG): {
        "open_question": "asks one open question about what the client has just said",
        "advice_with_permission": "offers one next thing to try and asks first",
        "structure": "says how to go on from what the client has just said",
    },
    ("conversational_orientation", WEAK): {
        "open_question": "asks an open question in general terms",
        "closed_question": "asks a question that a word or two would answer",
        "structure": "says how to go on, but not from what the client has just said",
    },
}
"""The same by technique, where a technique says more; one that does not fit the level says nothing."""

_LACKS = {
    "respect_for_autonomy": "No words were found in the reply that say whose choice this is.",
    "stance_alignment": "No words were found in the reply that take up how the client sees the matter.",
    "emotional_resonance": "No words were found in the reply that name a feeling of the client's.",
    "conversational_orientation": "Nothing was found in the reply that the client could go on with.",
}
"""What is missing, as what was not found: a reader may overlook it."""

_ADVISES = {"advice_without_permission": "gives advice that was not asked for"}
_ARGUES = {"confrontation": "disagrees with the client"}
_TURNS = {
    "information": "turns to explaining",
    "self_disclosure": "turns to the counsellor's own experience",
}
AGAINST = {
    "respect_for_autonomy": _ADVISES | _ARGUES,
    "stance_alignment": _ADVISES | _ARGUES | _TURNS,
    "emotional_resonance": _ADVISES | _TURNS | {"reassurance": "says that things will be fine"},
    "conversational_orientation": _TURNS | {"structure": "turns to how the session should go on"},
}
"""What a sentence does against a mechanism, by its technique.

Mistakes are not named: of sentences by themselves the reader says "argues for a change" too often where it is untrue.
"""

_COSTS_MOST = {
    "advice_without_permission": "respect_for_autonomy",
    "confrontation": "stance_alignment",
    "information": "stance_alignment",
    "self_disclosure": "stance_alignment",
}
"""The mechanism that each costs most, by the rubric's common mistakes: there it is told, if it is told at all."""

_PRESSES_NEITHER = " Nothing was found in it that presses, either."
"""Of autonomy: a reply that presses and one that says nothing of whose choice it is are both without expression."""

_PRESSES_NOBODY = frozenset(
    {
        *("simple_reflection", "complex_reflection", "open_question", "affirmation"),
        *("emphasize_autonomy", "advice_with_permission", "apology", "minimal"),
    }
)
"""Techniques with which nobody is pressed. Facts, comparisons, comfort and closed questions may press: of these nothing
is said."""

QUOTES_CLIENT = ("stance_alignment", "emotional_resonance")
"""The mechanisms that answer what the client said: where they fall short, the client's words are quoted."""

STRENGTHS = {
    "respect_for_autonomy": "The choice is left with the client.",
    "stance_alignment": "The client's own view is taken up and allowed to stand.",
    "emotional_resonance": "A feeling is named and tied to what the client told.",
    "conversational_orientation": "One clear next step is opened from where the client stands.",
}
"""What a reply does well where a mechanism is strong."""


@dataclass(frozen=True)
class Reason:
    """Why a mechanism has its level, and the verbatim quotations (message number, words) that carry it."""

    text: str = field(repr=False)
    evidence: tuple[tuple[int, str], ...] = field(default=(), repr=False)


def oppositions(levels: dict[str, int], heard: list[Heard]) -> dict[str, Heard]:
    """Return the sentence that works against each mechanism, each sentence at one mechanism alone.

    That is the one that such a sentence costs most, if its level is below strong too; else the first.
    """
    found = {name: each for name, level in levels.items() if (each := _opposition(name, level, heard))}
    return {name: each for name, each in found.items() if name == _told_at(each, found)}


def _opposition(mechanism: str, level: int, heard: list[Heard]) -> Heard | None:
    against = opponent(heard, mechanism)
    if against and not _takes_away(mechanism, against):
        against = None
    if level == NONE:
        return against or next((each for each in heard if _takes_away(mechanism, each)), None)
    is_weak_by_another = level == WEAK and against and against.sentence != carrier(heard, mechanism).sentence
    return against if is_weak_by_another else None


def _told_at(one: Heard, found: dict[str, Heard]) -> str:
    places = [name for name in MECHANISMS if name in found and found[name].sentence == one.sentence]
    most = _COSTS_MOST.get(one.technique.name)
    return most if most in places else places[0]


def why(mechanism: str, level: int, heard: list[Heard], client: Sentence | None, against: Heard | None) -> Reason:
    """Return the reason for a level.

    `client` is the sentence of the client's that most wants an answer, `against` the one of the reply that works
    against the mechanism, where that is told.
    """
    if level == NONE:
        does = f" Instead, {_shown(against.sentence)} {_takes_away(mechanism, against)}." if against else ""
        if mechanism == "respect_for_autonomy" and all(each.technique.name in _PRESSES_NOBODY for each in heard):
            does = _PRESSES_NEITHER
        return _beside_client(_LACKS[mechanism] + does, (), mechanism, client)
    carries = carrier(heard, mechanism)
    evidence = ((carries.sentence.number, quotation(carries.sentence)),)
    if against:
        # What the sentence is by itself: the other one is why the whole is weak.
        own = _expresses(mechanism, STRONG if carries.alone[mechanism] >= _STRONG_FROM else WEAK, carries)
        takes = _takes_away(mechanism, against)
        text = f"{_shown(carries.sentence)} {own}. Against it, {_shown(against.sentence)} {takes}."
        return Reason(text, (*evidence, (against.sentence.number, quotation(against.sentence))))
    text = f"{_shown(carries.sentence)} {_expresses(mechanism, level, carries)}."
    return Reason(text, evidence) if level == STRONG else _beside_client(text, evidence, mechanism, client)


def _expresses(mechanism: str, level: int, carrier: Heard) -> str:
    general = _GENERAL[mechanism, level]
    if carrier.technique.probability < SURE:
        return general
    return _BY_TECHNIQUE[mechanism, level].get(carrier.technique.name, general)


def _beside_client(text: str, evidence: tuple[tuple[int, str], ...], mechanism: str, client: Sentence | None) -> Reason:
    if client is None or mechanism not in QUOTES_CLIENT:
        return Reason(text, evidence)
    return Reason(f"{text} The client had said: {_shown(client)}.", (*evidence, (client.number, quotation(client))))


def _shown(sentence: Sentence) -> str:
    """Return a sentence in quotation marks, without its full stop, and with an ellipsis where it was cut."""
    words = quotation(sentence)
    return f"“{words}…”" if words != sentence.raw else f"“{words.rstrip('.')}”"


def _takes_away(mechanism: str, heard: Heard) -> str:
    """Return what a sentence does against a mechanism, or an empty text where nothing is surely heard."""
    return AGAINST[mechanism].get(heard.technique.name, "") if heard.technique.probability >= SURE else ""
