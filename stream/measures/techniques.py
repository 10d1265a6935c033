"""The measure of techniques: which of the 17 a counsellor's turns use, and their mix in a session.

A typed turn of three sentences uses three techniques, and two readers of whole replies agree little on the main one.
So each sentence is heard alone, and the mix counts sentences. The main technique of a turn is what its words say as a
whole; spoken turns are mostly one.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from stream.contracts.measures import Absent
from stream.contracts.rubric import TECHNIQUES, Technique
from stream.contracts.vocabulary import Role
from stream.measures.base import About, Card, Finding, Quantity, why_silent
from stream.measures.cues import acknowledges
from stream.measures.hearing import Heard, HeardReply, HeardTurn
from stream.measures.turns import FinishedSession, sentences

MAIN: Final = "main_technique"
HEARD: Final = "techniques"
_NAMES: Final = tuple(technique.value for technique in Technique)
CARD: Final = Card(
    "technique",
    "1",
    (
        Quantity(MAIN, About.COUNSELLOR_TURN, "The technique that the turn mainly uses.", labels=_NAMES),
        Quantity(HEARD, About.COUNSELLOR_TURN, "The techniques that are heard in its sentences.", labels=_NAMES),
        *(
            Quantity(
                f"share_{technique}", About.SESSION, f"The share of replies' sentences of which each {meaning}.", 0, 1
            )
            for technique, meaning in TECHNIQUES.items()
        ),
    ),
    not_for=(
        "Saying how well a session went or how able a counsellor is: a technique is neither good nor bad by itself, and"
        " the mix depends on what the client brings. Not for comparing counsellors."
    ),
)


class TechniqueMeasure:
    """The techniques of each counsellor turn, and the share of each in the session's sentences."""

    card = CARD

    def findings(self, session: FinishedSession, heard: Heard) -> Iterator[Finding]:
        """See `Measure`."""
        counts: Counter[Technique] = Counter()
        for place, turn in enumerate(session.turns):
            if turn.role is not Role.COUNSELLOR:
                continue
            silent = why_silent(session, heard, place)
            if silent:
                yield Finding(MAIN, place + 1, absent=silent)
                yield Finding(HEARD, place + 1, absent=silent)
                continue
            main, parts = techniques_of(turn.text, heard.turns[place])
            counts.update(parts)
            yield Finding(MAIN, place + 1, labels=(main.value,))
            yield Finding(HEARD, place + 1, labels=tuple(t.value for t in Technique if t in parts))
        absent = Absent.NOTHING_TO_MEASURE if heard.knows_language else Absent.LANGUAGE
        for technique in Technique:
            if total := counts.total():
                yield Finding(share_of(technique), number=counts[technique] / total)
            else:
                yield Finding(share_of(technique), absent=absent)


def share_of(technique: Technique) -> str:
    """Return the name of the quantity that is a technique's share in a session."""
    return f"share_{technique}"


def techniques_of(text: str, heard: HeardTurn) -> tuple[Technique, list[Technique]]:
    """Return the main technique of a counsellor's turn, and that of each of its sentences, in order.

    Of techniques that are equally likely the first of the list counts.
    """
    if heard.reply is None:
        raise ValueError("a counsellor's turn was heard as a client's")
    parts = zip(sentences(text), heard.sentences, strict=True)
    return _likeliest(text, heard.reply), [_likeliest(part, reply) for part, reply in parts]


def _likeliest(text: str, reply: HeardReply) -> Technique:
    if acknowledges(text):  # the reader takes "okay." for a reflection of the client's words
        return Technique.MINIMAL
    return max(Technique, key=lambda technique: reply.techniques[technique])
