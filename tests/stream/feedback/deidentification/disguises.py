"""Names of many places and the disguises under which a told name is still found, as strategies for generated cases."""

import re
import unicodedata
from collections.abc import Callable

from anyascii import anyascii
from hypothesis import strategies as st

NAMES = st.sampled_from(
    [
        "Nadia Brandt", "Mary Ann Smith", "Müller", "Søren Ågård", "José Núñez", "Weiß", "O'Brien", "Zoë",
        "Siobhán", "Thandeka Mokoena", "Nguyễn Thị Hạnh", "Ludwig van Dyk", "Jean-Luc Dupré", "Priya Raghunathan",
        "Анна Петрова", "Сергей", "Ольга", "Γιώργος", "Ελένη", "Åsa", "Björk", "Çağla", "Ömer Yıldız", "Ibrahim",
        "Łukasz Wójcik",
    ]
)  # fmt: skip
"""Names in alphabets; written by us."""

UNSPACED_NAMES = st.sampled_from(
    ["小明", "王小明", "欧阳娜娜", "李伟", "김민수", "たろう", "タロウ", "田中花子", "สมชาย", "محمد", "דניאל"]
)
"""Names in scripts whose words touch each other."""

_LOOKALIKES = {
    "a": "\u0430",
    "e": "\u0435",
    "o": "\u043e",
    "p": "\u0440",
    "c": "\u0441",
    "x": "\u0445",
    "y": "\u0443",
    "i": "\u0456",
}
_FIGURES = {"a": "4", "e": "3", "o": "0", "i": "1", "s": "5", "t": "7", "l": "1"}
_SPELT = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "ø": "oe",
    "å": "aa",
    "ß": "ss",
    "Ä": "Ae",
    "Ö": "Oe",
    "Ü": "Ue",
    "Ø": "Oe",
    "Å": "Aa",
}

Disguise = Callable[[st.DrawFn, str], str]


def _part(draw: st.DrawFn, name: str) -> str:
    """One part of a name, long enough to be a name alone."""
    parts = [part for part in re.split(r"[\s'-]+", name) if len(part) > 2 and part.lower() not in {"van", "ann"}]
    return draw(st.sampled_from(parts))


def _joined(draw: st.DrawFn, name: str) -> str:
    parts = re.split(r"[\s'-]+", name)
    return draw(st.sampled_from(["", "_", ".", "-", " ", "  "])).join(parts)


def _run_of_parts(draw: st.DrawFn, name: str) -> str:
    parts = [part for part in re.split(r"[\s'-]+", name) if part.lower() != "van"]
    start = draw(st.integers(0, len(parts) - 1))
    end = draw(st.integers(start + 1, len(parts)))
    return "".join(parts[start:end]) if end - start > 1 else _part(draw, name)


def _reordered(draw: st.DrawFn, name: str) -> str:
    parts = [part for part in re.split(r"[\s'-]+", name) if part.lower() != "van"]
    return "".join(draw(st.permutations(parts)))


def _drawn_out(draw: st.DrawFn, name: str) -> str:
    part = _part(draw, name)
    at = draw(st.sampled_from([index for index, char in enumerate(part) if char.isalpha()]))
    return part[:at] + part[at] * draw(st.integers(2, 40)) + part[at + 1 :]


def _spelt_out(draw: st.DrawFn, name: str) -> str:
    return draw(st.sampled_from([" ", "-", ".", "  ", "*", "_"])).join(unicodedata.normalize("NFC", _part(draw, name)))


def _cut(draw: st.DrawFn, name: str) -> str:
    part = _part(draw, name)
    at = draw(st.integers(1, len(part) - 1))
    return part[:at] + draw(st.sampled_from("-.'|+")) + part[at:]


def _without_accents(draw: st.DrawFn, name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _part(draw, name))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _spelt_accents(draw: st.DrawFn, name: str) -> str:
    return "".join(_SPELT.get(char, char) for char in unicodedata.normalize("NFC", _part(draw, name)))


def _other_accents(draw: st.DrawFn, name: str) -> str:
    marks = st.sampled_from(["\u0300", "\u0301", "\u0302", "\u0308"])
    return "".join(char + draw(marks) if char in "aeouAEO" else char for char in _without_accents(draw, name))


def _in_ascii(draw: st.DrawFn, name: str) -> str:
    return "".join(char for char in anyascii(_part(draw, name)) if char.isalnum())


def _lookalikes(draw: st.DrawFn, name: str) -> str:
    return "".join(_LOOKALIKES.get(c, c) if draw(st.booleans()) else c for c in _without_accents(draw, name).lower())


def _figures(draw: st.DrawFn, name: str) -> str:
    part = _without_accents(draw, name).lower()
    at = draw(st.integers(0, len(part) - 1))
    return part[:at] + _FIGURES.get(part[at], part[at]) + part[at + 1 :]


def _full_width(draw: st.DrawFn, name: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in _part(draw, name))


def _mathematical(draw: st.DrawFn, name: str) -> str:
    part = _without_accents(draw, name)
    return "".join(chr(0x1D41A + ord(c) - ord("a")) if "a" <= c <= "z" else c for c in part.lower())


def _hidden(draw: st.DrawFn, name: str) -> str:
    nothing = st.sampled_from(["\u200b", "\u200d", "\u00ad", "\u2060", "\u202e", ""])
    return "".join(char + draw(nothing) for char in _part(draw, name))


def _marked_up(draw: st.DrawFn, name: str) -> str:
    part = _part(draw, name)
    return draw(
        st.sampled_from([f"**{part}**", f"<b>{part}</b>", f"{part[:1]}&#{ord(part[1])};{part[2:]}", f"_{part}_"])
    )


def _inflected(draw: st.DrawFn, name: str) -> str:
    return _part(draw, name) + draw(
        st.sampled_from(["'s", "\u2019s", "s", "'", "es", "ie", "chen", "a", "u", "om", "owi"])
    )


def _decomposed(draw: st.DrawFn, name: str) -> str:
    return unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"])), _part(draw, name))


ALPHABETIC: tuple[Disguise, ...] = (
    _part, _joined, _run_of_parts, _reordered, _drawn_out, _spelt_out, _cut, _without_accents, _spelt_accents,
    _other_accents, _in_ascii, _lookalikes, _figures, _full_width, _mathematical, _hidden, _marked_up, _inflected,
    _decomposed,
)  # fmt: skip
"""Each kind of disguise that the documents call covered."""


@st.composite
def disguised(draw: st.DrawFn, name: str) -> str:
    """A told name under one covered disguise, in some case."""
    written = draw(st.sampled_from([name, name.lower(), name.upper()]))
    disguise: Disguise = draw(st.sampled_from(ALPHABETIC))
    return disguise(draw, written)
