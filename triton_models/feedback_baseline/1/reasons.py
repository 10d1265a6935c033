"""The sentences that say why a mechanism has its level, from what the reader hears in the sentence that carries it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .evidence import Heard, opponent
from .text import Sentence, quotation

NONE, WEAK, STRONG = 0, 1, 2

DOES = {
    "simple_reflection": "says back what the client said",
    "complex_reflection": "puts into words what the client meant",
    "open_question": "asks an open question",
    "closed_question": "asks a closed question",
    "affirmation": "names a strength of the client's",
    "emphasize_autonomy": "speaks of the client's own choice",
    "advice_with_permission": "offers an idea and asks first",
    "advice_without_permission": "says what to do, and nobody has asked",
    "information": "explains",
    "confrontation": "disagrees or corrects",
    "structure": "says how to go on",
    "reassurance": "says that things are or will be fine",
    "normalizing": "says that others know this too",
    "self_disclosure": "tells of the counsellor",
    "apology": "says sorry",
    "chit_chat": "speaks of something else",
    "minimal": "shows presence and no more",
}
"""What a sentence does, by its technique."""

MISTAKE_DOES = {
    "arguing_for_change": "argues for a change",
    "advice_without_permission": "says what to do, and nobody has asked",
    "premature_problem_solving": "goes to a solution before the client's side was heard",
    "ignoring_the_resistance": "goes on as if the client had not pushed back",
    "false_reassurance": "talks the trouble away",
    "closed_question_interrogation": "asks one closed question after another",
    "collusion": "goes along with what should not be confirmed",
}
"""What a sentence does, by its mistake."""

SURE = 0.8
"""The probability from which on a technique or a mistake is named: two readers often name different ones."""

_CARRIES = {
    ("respect_for_autonomy", STRONG): "leaves the choice to the client",
    ("respect_for_autonomy", WEAK): "leaves some room, without saying whose choice it is",
    ("stance_alignment", STRONG): "takes up the client's view and lets it stand",
    ("stance_alignment", WEAK): "meets the client's view only in part or in general words",
    ("emotional_resonance", STRONG): "ties a feeling to what this client has told",
    ("emotional_resonance", WEAK): "touches a feeling in words that would fit anybody",
    ("conversational_orientation", STRONG): "opens one next step from what the client has just said",
    ("conversational_orientation", WEAK): "opens a way on that could follow many things",
}
_LACKS = {
    "respect_for_autonomy": "nothing in the reply says whose choice this is",
    "stance_alignment": "the reply does not take up how the client sees the matter",
    "emotional_resonance": "no feeling of the client's is heard in the reply",
    "conversational_orientation": "the reply opens nothing the client could go on with",
}
AGAINST = {
    "advice_without_permission",
    "chit_chat",
    "confrontation",
    "information",
    "reassurance",
    "self_disclosure",
    "structure",
}
"""The techniques that can be named as working against a mechanism; a question or a reflection cannot."""
QUOTES_CLIENT = ("stance_alignment", "emotional_resonance")
"""The mechanisms whose absence is shown beside the client's words that went unanswered."""

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


def why(mechanism: str, level: int, carrier: Heard, heard: list[Heard], client: Sentence | None) -> Reason:
    """Return the reason for a level. `client` is the sentence of the client's that most wants an answer."""
    against = opponent(heard, mechanism)
    if level == NONE:
        return _lacking(mechanism, against, client)
    words = quotation(carrier.sentence)
    does, carries = _does(carrier), _CARRIES[mechanism, level]
    text = f"“{words}” {does} and {carries}." if does else f"“{words}” {carries}."
    evidence = [(carrier.sentence.number, words)]
    takes = _takes_away(against)
    if level == WEAK and against is not None and takes and against.sentence != carrier.sentence:
        other = quotation(against.sentence)
        text = f"“{words}” {does or carries}, but “{other}” {takes}."
        evidence.append((against.sentence.number, other))
    return Reason(text, tuple(evidence))


def _lacking(mechanism: str, against: Heard | None, client: Sentence | None) -> Reason:
    lacks = _LACKS[mechanism]
    text = lacks[0].upper() + lacks[1:] + "."
    takes = _takes_away(against)
    if against is not None and takes:
        text = f"“{quotation(against.sentence)}” {takes}; {lacks}."
    if client is None or mechanism not in QUOTES_CLIENT:
        return Reason(text)
    said = quotation(client)
    return Reason(f"{text} The client had said: “{said}”", ((client.number, said),))


def _does(heard: Heard) -> str:
    """Return what a sentence does, or an empty text where the reader is not sure."""
    return DOES[heard.technique.name] if heard.technique.probability >= SURE else ""


def _takes_away(against: Heard | None) -> str:
    """Return what a sentence does that works against a mechanism, or an empty text where nothing is surely heard."""
    if against is None:
        return ""
    if against.mistake.name != "none" and against.mistake.probability >= SURE:
        return MISTAKE_DOES[against.mistake.name]
    return _does(against) if against.technique.name in AGAINST else ""
