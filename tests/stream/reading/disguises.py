"""Disguises of a text: what platforms and senders make of it without changing its words."""

import html
import re
from collections.abc import Callable
from random import Random

Disguise = Callable[[str, Random], str]

_OFTEN_MISREAD = {*map(chr, range(128)), *"\u2018\u2019\u00a0\u2009\u200b\x92"}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202a\u180e"
OVERLAYS = "\u0335\u0336\u0337\u0332\u0301\u0308\u030a"


def entities(text: str, random: Random) -> str:
    """Encode some characters as entities, by number or by name."""
    names = {" ": "&nbsp;", "'": "&rsquo;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}

    def encoded(char: str) -> str:
        kind = random.randrange(6)
        if kind == 0:
            return f"&#{ord(char)};"
        if kind == 1:
            return f"&#x{ord(char):x};"
        return names.get(char, char) if kind < 4 else char

    return _outside_markup(text, encoded)


def escaped(text: str, _random: Random) -> str:
    """Escape the text for HTML, which encodes what is encoded a second time."""
    return html.escape(text)


def tags(text: str, random: Random) -> str:
    """Put some tags around any part of the text."""
    opening, closing = random.choice(
        [
            ("<b>", "</b>"),
            ('<span style="color:red">', "</span>"),
            ("<o:p>", "</o:p>"),
            ("<STRONG>", "</STRONG>"),
            ("", "<!-- x -->"),
        ]
    )
    return _around(text, opening, closing, random)


def paragraphs(text: str, random: Random) -> str:
    """Put tags of blocks in the place of a space."""
    return _instead_of(" ", random.choice(["<br>", "<br/>", "</p><p>", "</div>\n<div>"]), text, random)


def strong(text: str, random: Random) -> str:
    """Emphasise any part of the text, also inside of words."""
    mark = random.choice(["**", "***", "~~", "||"])
    return _around(text, mark, mark, random)


def emphasis(text: str, random: Random) -> str:
    """Emphasise some words."""
    mark = random.choice(["*", "_", "__", "`", "**", "_**"])
    return _around_words(text, mark, mark[::-1], random)


def link(text: str, random: Random) -> str:
    """Make a link of some words."""
    return _around_words(text, "[", "](https://example.org/a)", random) if "]" not in text else text


def fullwidth(text: str, random: Random) -> str:
    """Write some characters in full width."""
    return _outside_markup(text, lambda c: chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and random.randrange(3) == 0 else c)


def invisible(text: str, random: Random) -> str:
    """Put characters that nobody sees between the letters."""
    return _outside_markup(text, lambda c: c + (random.choice(INVISIBLE) if random.randrange(3) == 0 else ""))


def combining(text: str, random: Random) -> str:
    """Strike through or mark some letters."""
    return _outside_markup(
        text, lambda c: c + (random.choice(OVERLAYS) if c.isalpha() and random.randrange(4) == 0 else "")
    )


def quotes(text: str, random: Random) -> str:
    """Write apostrophes and spaces as word processors do."""
    spaced = "".join(random.choice(" \u00a0\u2009\u202f") if c == " " else c for c in text)
    return spaced.replace("'", random.choice("\u2019\u2018\u02bc\uff07"))


def leftovers(text: str, _random: Random) -> str:
    """Write apostrophes as the byte of Windows-1252."""
    return text.replace("'", "\x92").replace("\u2019", "\x92")


def mojibake(text: str, random: Random) -> str:
    """Read the UTF-8 of apostrophes and spaces as another encoding; of rarer characters nobody could tell it."""
    if not set(text) <= _OFTEN_MISREAD:
        return text
    try:
        return text.replace("'", "\u2019").encode().decode(random.choice(["cp1252", "latin-1"]))
    except UnicodeDecodeError:
        return text


ALL: tuple[Disguise, ...] = (
    entities, escaped, tags, paragraphs, strong, emphasis, link, fullwidth, invisible, combining, quotes, leftovers,
    mojibake,
)  # fmt: skip


def _outside_markup(text: str, change: Callable[[str], str]) -> str:
    """Change each character, except inside of markup that is there already: an encoder knows nothing of half of it."""
    parts = []
    at = 0
    for match in _MARKUP.finditer(text):
        parts += [*map(change, text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, *map(change, text[at:])])


def _around(text: str, opening: str, closing: str, random: Random) -> str:
    start, end = sorted(random.sample(range(len(text) + 1), 2))
    return _unless_cut(text, start, end, opening, closing)


def _around_words(text: str, opening: str, closing: str, random: Random) -> str:
    words = [match.span() for match in re.finditer(r"\S+", text)]
    first, last = sorted(random.choices(range(len(words)), k=2))
    return _unless_cut(text, words[first][0], words[last][1], opening, closing)


# Tags, entities, addresses of links, delimiters, and characters that may stand for one together.
_MARKUP = re.compile(r"<[^<>]*>|&lt;[^;]*&gt;|&(?:amp;)*#?\w+;|\]\([^)]*\)|[*_~|`]+|[^\x00-\x7f]+")


def _unless_cut(text: str, start: int, end: int, opening: str, closing: str) -> str:
    """Mark a part of the text up, unless it has no words, or a border lies inside of markup that is there already."""
    if not any(char.isalnum() for char in text[start:end]):
        return text
    for match in _MARKUP.finditer(text):
        if match.start() < start < match.end() or match.start() < end < match.end():
            return text
    return text[:start] + opening + text[start:end] + closing + text[end:]


def _instead_of(what: str, instead: str, text: str, random: Random) -> str:
    places = [match.start() for match in re.finditer(re.escape(what), _MARKUP.sub(lambda m: "x" * len(m[0]), text))]
    if not places:
        return text
    at = random.choice(places)
    return text[:at] + instead + text[at + len(what) :]
