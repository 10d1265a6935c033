"""A quick look that rules most texts out: RE2 goes over a text a few times, however many patterns are looked for.

Python tries one pattern after the other at every word. RE2 first looks for the letters that a pattern cannot do
without, of all patterns in one pass. It has no lookaround and other notions of a word, so it decides nothing: it is
asked with laxer patterns, and where it finds something, Python's expressions say what.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import re2

_ABOVE_ASCII = r"\x{80}-\x{10FFFF}"
# What Python matches with these, and more: every letter beyond ASCII may be anything.
_LAXER = {
    r"\w": f"0-9A-Za-z_{_ABOVE_ASCII}",
    r"\s": rf"\x00-\x20{_ABOVE_ASCII}",
    r"\d": f"0-9{_ABOVE_ASCII}",
}
_PIECE = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\.)|(?P<look>\(\?<?[!=])|(?P<letter>.)", re.DOTALL
)
_BOUNDARIES = (r"\b", r"\B")
_CLASS_IN_CLASS = re.compile(r"\\[wWsSdD]")
# One automaton of all patterns instead: up to 250 MB and 100 us a text, for gaps of a few words multiply its states.
_MOST_MEMORY = 8 * 1024 * 1024  # bytes, of one pattern's automaton; past it RE2 grows slow, and stays right


def screen(lists: Iterable[Iterable[str]]) -> Callable[[str], Sequence[int]]:
    """Make a function that says of a text which lists, by number, may have a pattern for a word of it on.

    That a list has none is certain.

    Raises:
        ValueError: RE2 might take a part of a pattern for less than Python does.
    """
    options = re2.Options()
    options.max_mem = _MOST_MEMORY
    options.dot_nl = True
    options.never_capture = True
    known = re2.Filter()
    list_of = {
        known.Add(f"(?:^|[^0-9A-Za-z_])(?:{laxer(pattern)})", options): number
        for number, patterns in enumerate(lists)
        for pattern in patterns
    }
    known.Compile()

    def may_match(text: str) -> Sequence[int]:
        # A lone surrogate is no letter to either: RE2 reads UTF-8, which has none.
        found = known.Match(text.encode(errors="replace"))
        return sorted({list_of[place] for place in found}) if found else ()

    return may_match


def laxer(pattern: str) -> str:
    """A pattern for RE2 that matches wherever the one for Python does, and in more places: no lookaround.

    Raises:
        ValueError: RE2 might take a part of it for less.
    """
    kept: list[str] = []
    depth = 0  # inside a lookaround
    for match in _PIECE.finditer(pattern):
        piece, kind = match.group(), match.lastgroup
        if depth:
            depth += piece.startswith("(") - (piece == ")")
        elif kind == "look":
            depth = 1
        elif kind == "escape" and piece not in _BOUNDARIES:
            kept.append(f"[{_LAXER[piece]}]" if piece in _LAXER else piece)
        elif kind == "class":
            kept.append(_CLASS_IN_CLASS.sub(partial(_laxer_class, piece), piece))
        elif kind == "letter":
            kept.append(piece)
    return "".join(kept)


def _laxer_class(whole: str, match: re.Match[str]) -> str:
    if whole.startswith("[^") or match.group() not in _LAXER:
        raise ValueError(f"RE2 might take {whole} for less than Python does")
    return _LAXER[match.group()]
