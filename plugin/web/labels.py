"""The words with which pages show codes: those shared with the digest, and a few that only pages need."""

from datetime import date, datetime
from typing import Final

from plugin.plain_text import SCOPE, counted, join_words
from plugin.queue.labels import (
    CONCERNS,
    GLYPHS,
    LEFT_OUT,
    LEVELS_FOR_THERAPIST,
    MARKS,
    NAMES_NOT_TOLD,
    NEEDS_HUMAN,
    POSSIBLE_INJECTION,
    behaviour,
    concerns,
    mark_explanation,
    mechanism_title,
    not_shown,
    preference,
    source,
    verdict,
)
from stream.contracts.vocabulary import EndReason, OperatingPoint, Role

__all__ = [
    "CONCERNS",
    "END_REASONS",
    "GLYPHS",
    "LEFT_OUT",
    "LEVELS_FOR_THERAPIST",
    "MARKS",
    "NAMES_NOT_TOLD",
    "NEEDS_HUMAN",
    "OPERATING_POINTS",
    "POSSIBLE_INJECTION",
    "ROLES",
    "SCOPE",
    "behaviour",
    "clock",
    "concerns",
    "counted",
    "day",
    "join_words",
    "mark_explanation",
    "mechanism_title",
    "not_shown",
    "preference",
    "sentence",
    "short_day",
    "source",
    "verdict",
]

OPERATING_POINTS: Final = {
    OperatingPoint.GATE: "a low threshold, which flags much for the model to confirm or reject",
    OperatingPoint.ALONE: "a high threshold, as in earlier versions, when no model confirmed what was flagged",
}
"""How much the detector flags. It always flags much now; records of earlier versions may say that it flagged little."""
END_REASONS: Final = {
    EndReason.EXPLICIT: "ended by the platform",
    EndReason.IDLE: "ended after a silence",
    EndReason.TOO_LONG: "closed because it had grown too long",
    EndReason.WITHDRAWN: "ended by a withdrawal of consent",
}
ROLES: Final = {Role.CLIENT: "Client", Role.COUNSELLOR: "Counsellor", Role.SYSTEM: "System"}


def sentence(text: str) -> str:
    """Return the text with its first letter in upper case and the rest, including names, unchanged."""
    return text[:1].upper() + text[1:]


def day(at: datetime) -> str:
    """Return a date as people write it, such as "Tue 3 November 2026"."""
    return f"{at:%a} {at.day} {at:%B %Y}"


def short_day(at: date) -> str:
    """Return a date in its short form, such as "Tue 3 Nov 2026"."""
    return f"{at:%a} {at.day} {at:%b %Y}"


def clock(at: datetime) -> str:
    """Return a time of day, such as "14:05"."""
    return f"{at:%H:%M}"
