"""The readings of a text: what its letters may stand for in ASCII, each traced to the text.

A name is written with accents or without, in another alphabet, with letters that look like its own, with figures for
letters. Each combination of such conventions that changes a text is one reading of it. A name and a message that are
the same letters in one reading are the same name.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from anyascii import anyascii

from stream.feedback.deidentification.normalise import clusters
from stream.feedback.deidentification.words import lookalikes
from stream.reading import Span, TracedText

SOFT_BREAK = "\x1f"
"""Stands between letters that may or may not belong to one word: those of scripts without spaces, and l e t t e r s."""

# Scripts whose words touch each other, or touch their particles; and the least letters of a name inside such a text.
_UNSPACED = {
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"), 2),
    **dict.fromkeys(("ARABIC", "HEBREW"), 3),
}
_DIGRAPHS = {
    "\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00f8": "oe", "\u00e5": "aa", "\u00f0": "dh", "\u0111": "dj",
    "\u00e6": "e", "\u0153": "e", "\u00fe": "t", "\u00df": "sz", "\u00ff": "ij",
}  # fmt: skip
_FIGURES = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "\u20ac": "e"}
_ONES = ("i", "l")  # a 1, a ! or a | is either
_ONE = "1!|"
_SIGNS = re.escape("".join(_FIGURES) + _ONE)
_FIGURE = re.compile(rf"(?<=[^\W\d_])(?:[{_SIGNS}](?=[^\W\d_])|[0134578](?![\w]))|(?<![\w])[0134578](?=[^\W\d_])")
_SPELT_OUT = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,3}[^\W_](?![^\W_])){2,}")
# A letter that is drawn out stays drawn out; that bounds what a search for a name may walk through.
_DRAWN_OUT = re.compile(rf"([^\W\d_])(?:{SOFT_BREAK}*\1){{4,}}")
# Romanisations differ; a coarse one is the same for most of them (Yuliya, Iuliia, Julia; Sergey, Sergei).
_COARSE = re.compile(r"(?<![a-z])[yj]e|[yij]+|x|w|kh|ph|th|ou|oy|oo|ck|q|c(?!h)|shch|sch|sh|tch|ch|zh|tz|ts")
_COARSE_LETTERS = {
    "x": "ks", "w": "v", "kh": "h", "ph": "f", "th": "t", "ou": "u", "oy": "u", "oo": "u", "ck": "k", "q": "k",
    "c": "k", "shch": "s", "sch": "s", "sh": "s", "tch": "c", "ch": "c", "zh": "z", "tz": "z", "ts": "z",
    "ye": "e", "je": "e",
}  # fmt: skip


@dataclass(frozen=True)
class _Letter:
    plain: str
    digraph: str
    lookalike: str
    unspaced: bool


def readings(text: str, *, lookalike: bool = True) -> list[TracedText]:
    """Return the readings of a text in lower case, the plainest first, each once."""
    found: dict[str, TracedText] = {}
    for digraph, looks in product((False, True), (False, True) if lookalike else (False,)):
        letters = _read(text, digraph=digraph, lookalike=looks)
        if letters.text in found:
            continue
        for reading in (letters, *(_read_figures(letters, one) for one in _ONES)):
            found.setdefault(reading.text, _shorten(reading))
    return list(found.values())


def coarse(reading: TracedText) -> TracedText:
    """Return a reading in which the usual romanisations of a name are the same letters."""
    matches = _COARSE.finditer(reading.text)
    return reading.replace((*match.span(), _COARSE_LETTERS.get(match[0], "y")) for match in matches)


@lru_cache(maxsize=8192)
def least_unspaced(char: str) -> int:
    """Return how many letters a name needs to be found inside a word of this letter's script; 0 where it never is."""
    return next((least for script, least in _UNSPACED.items() if unicodedata.name(char, "").startswith(script)), 0)


def is_foreign(char: str) -> bool:
    """Whether a character is a letter of another alphabet than the Latin one."""
    return not char.isascii() and char.isalpha() and not unicodedata.name(char, "").startswith("LATIN")


def _read(text: str, *, digraph: bool, lookalike: bool) -> TracedText:
    letters: list[str] = []
    origins: list[Span] = []
    pairs = list(clusters(text))
    between = _between_spelt_out("".join(cluster[0] for cluster, _ in pairs))
    for place, (cluster, span) in enumerate(pairs):
        letter = _letter(SOFT_BREAK if place in between else cluster)
        written = letter.lookalike if lookalike else letter.plain
        written = letter.digraph if digraph and written == letter.plain else written
        if not written and origins:
            origins[-1] = (origins[-1][0], span[1])
        if letter.unspaced and written:
            written = f"{SOFT_BREAK}{written}{SOFT_BREAK}"
        letters.append(written)
        origins += [span] * len(written)
    return TracedText("".join(letters), origins)


@lru_cache(maxsize=8192)
def _letter(cluster: str) -> _Letter:
    composed = unicodedata.normalize("NFC", cluster).lower()
    plain = "".join(_ascii(char) for char in composed)
    digraph = "".join(_DIGRAPHS.get(char) or _ascii(char) for char in composed)
    base = unicodedata.normalize("NFKD", cluster)[:1]
    look = lookalikes().get(base) or lookalikes().get(base.lower()) or plain
    return _Letter(plain, digraph, look, bool(cluster) and least_unspaced(base) > 0)


def _ascii(char: str) -> str:
    """Return the ASCII letters for one character; what is no letter stands for itself."""
    if char.isascii():
        return char
    base = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if not any(c.isalnum() for c in base):
        return "" if unicodedata.category(char).startswith("M") else char
    # Signs in a transliteration (the soft sign of Russian, the hamza of Arabic) are no letters of a name.
    return "".join(c for c in anyascii(base).lower() if c.isalnum())


def _read_figures(reading: TracedText, one: str) -> TracedText:
    matches = _FIGURE.finditer(reading.text)
    return reading.replace((*match.span(), one if match[0] in _ONE else _FIGURES[match[0]]) for match in matches)


def _between_spelt_out(letters: str) -> frozenset[int]:
    """Return the places of what stands between single letters ("n a d i a")."""
    runs = _SPELT_OUT.finditer(letters)
    return frozenset(at for run in runs for at in range(*run.span()) if not letters[at].isalnum())


def _shorten(reading: TracedText) -> TracedText:
    return reading.replace((*match.span(), match[1] * 4) for match in _DRAWN_OUT.finditer(reading.text))
