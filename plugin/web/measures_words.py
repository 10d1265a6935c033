"""The words with which a page shows what measures say."""

from typing import Final

from stream.contracts.measures import Absent, MeasureFinding

_SHARE: Final = "share_"
"""The beginning of the name of a quantity that is a share of a session's sentences."""
_TITLES: Final = {
    "main_technique": "Main technique",
    "techniques": "Techniques heard",
    "empathy": "Empathy",
    "exploration": "Exploration",
    "self_directed_emotion": "Self-directed negative emotion",
}
_ABSENT: Final = {
    Absent.NOTHING_TO_MEASURE: "nothing to measure",
    Absent.TOO_SHORT: "too short",
    Absent.LANGUAGE: "another language",
    Absent.CRITICAL_CONTENT: "critical content",
    Absent.TOO_LONG: "too long",
    Absent.NAMES_NOT_TOLD: "names not told",
    Absent.REFUSED: "answer refused",
    Absent.READER_FAILED: "not read",
}
WHY_NOT: Final = {
    Absent.NOTHING_TO_MEASURE: "There is nothing in this session that could be measured.",
    Absent.TOO_SHORT: "This session is too short to be measured.",
    Absent.LANGUAGE: "This session is in a language that the reader does not know.",
    Absent.CRITICAL_CONTENT: "This session has critical content, of which no measure speaks.",
    Absent.TOO_LONG: "This session is too long to be measured.",
    Absent.NAMES_NOT_TOLD: "The platform has not told the names in this session, so no model read it.",
    Absent.REFUSED: "A model's answer about this session named no evidence that stands in it.",
    Absent.READER_FAILED: "The reader could not read this session.",
}
"""Why nothing is said of a whole session."""


def title(quantity: str) -> str:
    """Return what a quantity is called; one that this page does not know by its name, in words."""
    return _TITLES.get(quantity) or _in_words(quantity.removeprefix(_SHARE)).capitalize()


def amount(finding: MeasureFinding) -> str:
    """Return what a finding says: labels, a share in percent, a number, or why there is none."""
    if finding.absent is not None:
        return _ABSENT[finding.absent]
    if finding.number is None:
        return ", ".join(map(_in_words, finding.labels))
    return f"{100 * finding.number:.0f} %" if finding.quantity.startswith(_SHARE) else f"{finding.number:.1f}"


def _in_words(name: str) -> str:
    return name.replace("_", " ")
