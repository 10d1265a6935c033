"""A prefilter with RE2 that finds out quickly which lists of patterns cannot match a text.

Python's `re` tries one pattern after the other at every word. RE2 first searches, for all patterns in one pass, for the
letters that each pattern requires. RE2 has no lookaround and other definitions of a word, so its result is not final:
it gets less strict patterns, and where these match, Python's expressions decide.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import re2

_ABOVE_ASCII = r"\x{80}-\x{10FFFF}"
# Classes that match what Python's match, and more: every character beyond ASCII belongs to each of them.
_RELAXED = {
    r"\w": f"0-9A-Za-z_{_ABOVE_ASCII}",
    r"\s": rf"\x00-\x20{_ABOVE_ASCII}",
    r"\d": f"0-9{_ABOVE_ASCII}",
}
_PIECE = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\.)|(?P<look>\(\?<?[!=])|(?P<letter>.)", re.DOTALL
)
_BOUNDARIES = (r"\b", r"\B")
_CLASS_IN_CLASS = re.compile(r"\\[wWsSdD]")
# One automaton for all patterns would take up to 250 MB and 100 us a text: gaps of a few words multiply its states.
_MAX_MEMORY = 8 * 1024 * 1024  # bytes, for one pattern's automaton; beyond it RE2 is slower, with the same result


def prefilter(lists: Iterable[Iterable[str]]) -> Callable[[str], Sequence[int]]:
    """Return a function that returns the numbers of the lists with patterns that may match at the start of a word.

    The patterns of a list that is not among them certainly do not match the text.

    Raises:
        ValueError: RE2 might match less than Python does for a part of a pattern.
    """
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.dot_nl = True
    options.never_capture = True
    patterns_filter = re2.Filter()
    list_of = {
        patterns_filter.Add(f"(?:^|[^0-9A-Za-z_])(?:{relaxed_pattern(pattern)})", options): number
        for number, patterns in enumerate(lists)
        for pattern in patterns
    }
    patterns_filter.Compile()

    def may_match(text: str) -> Sequence[int]:
        # RE2 reads UTF-8, which cannot hold a lone surrogate; "?" replaces it, and neither is a letter to Python.
        found = patterns_filter.Match(text.encode(errors="replace"))
        return sorted({list_of[place] for place in found}) if found else ()

    return may_match


def relaxed_pattern(pattern: str) -> str:
    """Return a pattern for RE2, without lookaround, that matches wherever the Python pattern does and in more places.

    Raises:
        ValueError: RE2 might match less than Python does for a part of the pattern.
    """
    relaxed: list[str] = []
    depth = 0  # inside a lookaround
    for match in _PIECE.finditer(pattern):
        piece, kind = match.group(), match.lastgroup
        if depth:
            depth += piece.startswith("(") - (piece == ")")
        elif kind == "look":
            depth = 1
        elif kind == "escape" and piece not in _BOUNDARIES:
            relaxed.append(f"[{_RELAXED[piece]}]" if piece in _RELAXED else piece)
        elif kind == "class":
            relaxed.append(_CLASS_IN_CLASS.sub(partial(_relaxed_class, piece), piece))
        elif kind == "letter":
            relaxed.append(piece)
    return "".join(relaxed)


def _relaxed_class(whole: str, match: re.Match[str]) -> str:
    if whole.startswith("[^") or match.group() not in _RELAXED:
        raise ValueError(f"RE2 might take {whole} for less than Python does")
    return _RELAXED[match.group()]
