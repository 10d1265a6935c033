"""Markup around words: tags of HTML, links and emphasis of Markdown. What is marked up stays, the marks go."""

import re
from collections import Counter
from collections.abc import Iterator

from stream.reading.traced import Replacement

_TAG = re.compile(r"<!--[^<]*?-->|<(?P<closing>/?)(?P<name>[A-Za-z][\w:.-]{0,30})(?P<rest>\s[^<>]*|/)?>")
_ATTRIBUTE = re.compile(r"\s[\w:.-]+\s*=")
# Between two blocks there is a space, even where the source has none.
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "center", "dd", "div", "dl", "dt", "footer", "form",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "big", "body", "cite", "code", "del", "dfn", "em", "font", "head", "html",
        "i", "img", "ins", "kbd", "label", "mark", "meta", "o:p", "q", "s", "samp", "script", "small", "span",
        "strike", "strong", "style", "sub", "sup", "svg", "title", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
_LINK = re.compile(r"!?\[([^\[\]]+)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LABELLED_ADDRESS = re.compile(r"<(?:https?|mailto|tel):[^<>|\s]*\|([^<>|]+)>")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_QUOTED_LINE = re.compile(r"^[ \t]*(?:>[ \t]?)+(?<=[ \t])", re.MULTILINE)
_DELIMITERS = re.compile(r"(?:[*_`]|~~+|\|\|+)+")
_RUN = re.compile(r"(.)\1*")


def tags(text: str) -> Iterator[Replacement]:
    """Find tags and comments of HTML; what only looks like a tag ("<grin>", "a<b and c>d") stays."""
    closed = {match["name"].lower() for match in _TAG.finditer(text) if match["closing"]}
    after_space = -1
    for match in _TAG.finditer(text):
        name, rest = (match["name"] or "").lower(), match["rest"] or ""
        known = not name or name in _BLOCKS or name in _INLINE or name in closed
        if _ATTRIBUTE.search(rest) or (known and not rest.strip(" /\t\n\r")):
            spaced = match.start() == after_space or not text[max(0, match.start() - 1) : match.start()].strip()
            instead = " " if name in _BLOCKS and not spaced and text[match.end() : match.end() + 1].strip() else ""
            yield *match.span(), instead
            if instead or spaced:
                after_space = match.end()


def links(text: str) -> Iterator[Replacement]:
    """Find links of Markdown and of Slack; their words stay, their addresses go."""
    for pattern in (_LINK, _LABELLED_ADDRESS):
        if found := list(pattern.finditer(text)):
            for match in found:
                yield match.start(), match.start(1), ""
                yield match.end(1), match.end(), ""
            return  # the other kind is found when this step runs again: spans come in order


def escapes(text: str) -> Iterator[Replacement]:
    """Find the backslashes of Markdown before punctuation, and the marks of quoted lines."""
    pattern = _ESCAPE if "\\" in text and _ESCAPE.search(text) else _QUOTED_LINE
    for match in pattern.finditer(text):
        yield *match.span(), ""


def emphasis(text: str) -> Iterator[Replacement]:
    """Find the delimiters of emphasis, of code and of spoilers, in pairs or alone.

    Inside a word they may stand for letters ("su*cide", "f**k") or be a part of it ("a_name"), so there they go only
    where they have a partner.
    """
    found = [_Delimiter(text, match) for match in _DELIMITERS.finditer(text)]
    long = Counter(run[0] for delimiter in found for run in delimiter.runs if len(run) > 1)
    beside_a_word = Counter(run for delimiter in found if delimiter.words == 1 for run in delimiter.runs)
    for delimiter in found:
        if delimiter.goes(long, beside_a_word):
            yield delimiter.start, delimiter.end, ""


class _Delimiter:
    """A delimiter with what stands beside it; it may consist of several, such as `_**`."""

    def __init__(self, text: str, match: re.Match[str]) -> None:
        self.start, self.end = match.span()
        self.runs = [run[0] for run in _RUN.finditer(match[0])]
        before, after = text[max(0, self.start - 1) : self.start], text[self.end : self.end + 1]
        self.words = before.isalnum() + after.isalnum()
        self.spaces = (not before.strip()) + (not after.strip())

    def goes(self, long: Counter[str], beside_a_word: Counter[str]) -> bool:
        """Whether the delimiter is none of the words.

        `long` counts the runs of two and more of each character in the whole text, the other one those beside a word.
        """
        if self.words == 1:
            return True
        if self.words == 2:  # noqa: PLR2004 - on both sides
            return all(
                run[0] in "~|" or (long[run[0]] > 1 if len(run) > 1 else run != "_" and beside_a_word[run] % 2 == 1)
                for run in self.runs
            )
        if len(self.runs) > 1:
            return len(self.runs) == 2  # noqa: PLR2004 - three are a face, as "*_*"
        (run,) = self.runs
        may_be_words = len(run) == 1 or run[0] == "_"  # "2 * 3", and "____" is a gap to fill
        return bool(self.spaces) and (not may_be_words or beside_a_word[run] % 2 == 1)
