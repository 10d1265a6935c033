"""The words of the pages, each explained in plain words; mechanisms, levels and examples come from the rubric."""

from dataclasses import dataclass
from typing import Final

from plugin.queue.afterwards import BRIEF_WORDS, MAX_TURNS


@dataclass(frozen=True)
class Term:
    """A word that pages use, with its meaning; `anchor` is the fragment of a link to it."""

    anchor: str
    title: str
    meaning: str


TERMS: Final = (
    Term(
        "moment",
        "Moment",
        "A place in a session where the client may have pulled back, with the reply to it. A program that flags much"
        " marks it first (possible resistance); a model then reads it and confirms it or not.",
    ),
    Term(
        "confirmed",
        "Confirmed by the model",
        "The model finds that the client resists what the counsellor just said or did. It is often wrong. It says"
        " something about this moment between two people, never about the client as a person.",
    ),
    Term(
        "quotation",
        "Quotation",
        "Words of the text on which a level rests. Our code, not the model, has found them in the text; a click leads"
        " to their message.",
    ),
    Term(
        "unanswered",
        "Unanswered moment",
        "The client resisted, and no reply followed. There is nothing to rate then.",
    ),
    Term(
        "suggestion",
        "Suggestion",
        "A reply that could have been given instead: an option, never an instruction. A number beside it is the"
        " probability that it is preferred to the reply that was given, as estimated by a model that wrote neither:"
        " 0.50 means no preference. It compares these two replies and measures neither.",
    ),
    Term(
        "afterwards",
        "Afterwards",
        f"What the client wrote after the reply: the next turn, and at most {MAX_TURNS} turns in all. The next turn is"
        " itself a confirmed moment (resisted again), or has at most"
        f" {BRIEF_WORDS} words (answered briefly), or is any other turn (went on), or there is none before the session"
        " ended. Often it is not known, since only the words around moments are kept. It is what came next, not what"
        " the reply did.",
    ),
    Term(
        "calibration",
        "Calibration",
        "Moments that several supervisors rate, each without the others and without the model's levels, to see where"
        " they read the rubric in different ways. Weighted kappa says how alike two of them read it: 1 is complete"
        " agreement, 0 is what chance would give. It is about the rubric, never about a person.",
    ),
    Term(
        "baseline",
        "Baseline",
        "The small model that Counterpoint brings with it. It is simple, and there to be compared with.",
    ),
    Term(
        "unvalidated",
        "Unvalidated",
        "Nobody has measured yet how far this model agrees with clinicians.",
    ),
)
