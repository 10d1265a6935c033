"""The six dimensions of what goes on between the two, from 1 to 5, with an anchor for each step.

The dimensions are those of arXiv 2602.12450 (therapist empathy and exploration; rapport; client self-disclosure,
self-directed and outward-directed negative emotion). Its scales are not public: the anchors are ours, and figures that
rest on them are ours too.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ANCHORS_VERSION: Final = "1"
"""Raise it with every change of an anchor: ratings and weights name the version that they were made with."""
LOWEST: Final = 1
HIGHEST: Final = 5


class Dimension(StrEnum):
    """What is rated."""

    EMPATHY = "empathy"
    EXPLORATION = "exploration"
    RAPPORT = "rapport"
    SELF_DISCLOSURE = "self_disclosure"
    SELF_DIRECTED_EMOTION = "self_directed_emotion"
    OUTWARD_DIRECTED_EMOTION = "outward_directed_emotion"


class RatedOn(StrEnum):
    """The part of a conversation that a rating is about."""

    COUNSELLOR_TURN = "counsellor_turn"
    CLIENT_TURN = "client_turn"
    WINDOW = "window"


WINDOW_TURNS: Final = 6
"""The turns of a window: three of each side, ending with the counsellor's. One exchange shows no rapport."""


@dataclass(frozen=True)
class Anchors:
    """A dimension as a rater reads it: what is looked at, the question, and the five steps from 1 to 5."""

    title: str
    rated_on: RatedOn
    question: str
    steps: tuple[str, str, str, str, str]


ANCHORS: Final[dict[Dimension, Anchors]] = {
    Dimension.EMPATHY: Anchors(
        "Empathy",
        RatedOn.COUNSELLOR_TURN,
        "How far does the turn show that what the client feels or means was taken in?",
        (
            'Not at all: a bare question, information, a greeting, "okay".',
            "A sign of it and no more: a set phrase, or a word or two said back.",
            "Says back what the client said, or names a feeling that lies open.",
            "Says back what the client meant or felt beyond the words, or both sides of what pulls at the client.",
            'Brings together the feeling and what it means in this life: the client could say "yes, exactly".',
        ),
    ),
    Dimension.EXPLORATION: Anchors(
        "Exploration",
        RatedOn.COUNSELLOR_TURN,
        "How far does the turn invite the client to say more and to look further?",
        (
            "Not at all: it tells, advises, agrees or ends the matter.",
            'Asks for a fact, a number, a yes or a no, or leaves a little room ("mm-hm, and?").',
            "Asks openly about the matter in general, or says something back in a way that leaves room.",
            "Asks openly for the client's own reasons, feelings, meanings or ideas.",
            'Goes further from what the client just said: a link, a value, a "what if", something not yet looked at.',
        ),
    ),
    Dimension.RAPPORT: Anchors(
        "Rapport",
        RatedOn.WINDOW,
        "How well do the two work together in these turns?",
        (
            "Against each other, or without contact: arguing, ignoring, withdrawing.",
            "Stiffly: one side alone does the work, answers are as short as can be, or they talk past each other.",
            "As in a matter of business: what is asked is answered, politely.",
            "Together: the client takes up what the counsellor says and adds to it, and so does the counsellor.",
            "Warmly and openly: each builds on the other, and the client says to be understood, thanks or jokes.",
        ),
    ),
    Dimension.SELF_DISCLOSURE: Anchors(
        "Self-disclosure",
        RatedOn.CLIENT_TURN,
        "How much of themselves does the client show?",
        (
            "Nothing: a greeting, yes, no, thanks, a question.",
            "A plain fact about themselves or their day, or a bare preference.",
            "Own reasons, habits, plans or opinions, with some detail.",
            "Feelings, worries, a private circumstance or a close relationship.",
            "What is painful, shameful or seldom said.",
        ),
    ),
    Dimension.SELF_DIRECTED_EMOTION: Anchors(
        "Self-directed negative emotion",
        RatedOn.CLIENT_TURN,
        "How strongly does the client voice sadness, fear, shame, guilt or hopelessness about themselves?",
        (
            "Not at all.",
            "A hint: unease, or doubt about being able to.",
            "Plainly and mildly: one feeling or self-criticism is named.",
            "Strongly, or more than one.",
            "Overwhelmed, despairing or full of contempt for themselves.",
        ),
    ),
    Dimension.OUTWARD_DIRECTED_EMOTION: Anchors(
        "Outward-directed negative emotion",
        RatedOn.CLIENT_TURN,
        "How strongly does the client voice anger, irritation or blame, at others, at events or at the counsellor?",
        (
            "Not at all.",
            "A hint: curt, a little annoyed, a small complaint.",
            "Plainly: a complaint or blame is voiced.",
            "Strongly: anger or blame, with emphasis or more than once.",
            "Rage or contempt.",
        ),
    ),
}
