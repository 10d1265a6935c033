"""Plain text for people: the statement of scope, numbers with their nouns, and text that is safe where it is shown."""

import unicodedata
from typing import Final

SCOPE: Final = (
    "For learning after the session. Not a crisis monitor, not a diagnosis, not a performance record."
    " Risk is handled by the platform\u2019s own protocol."
)

_FORMULA_PREFIXES: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the start of a cell."""


def join_words(words: list[str]) -> str:
    """Join words as in prose: "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a count followed by the singular or the plural of its noun: "1 moment", "2 moments"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def age_words(seconds: float | None) -> str:
    """Return how long something has waited, in the largest unit that fits: "2.0 h"; "none" if nothing waits."""
    if seconds is None:
        return "none"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def printable(text: str) -> str:
    r"""Return the text with every character that could steer a terminal written as an escape, such as `\x1b`.

    That is: control, bidirectional, private-use and other invisible characters. Line breaks stay, and so do the
    joiners that are part of words in many scripts, and of emoji.
    """
    return "".join(
        character if _is_harmless(character) else character.encode("unicode_escape").decode() for character in text
    )


def inert_cell(text: str) -> str:
    """Return the text with a quote before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_PREFIXES) else text


def _is_harmless(character: str) -> bool:
    if character in "\n\u200c\u200d":
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
