"""Find a model's quotation in the text the model saw."""

import unicodedata
from collections.abc import Iterator

from stream.feedback.deidentification.normalise import clusters, is_invisible
from stream.reading import Span, TracedText

_QUOTE_MARKS = (
    "'\"`\u00b4\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a\uff02\uff07"
)
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SURROUNDINGS = _QUOTE_MARKS + " \t\r\n"  # models like to put a quotation into quotation marks
_SAME_MARK = {**dict.fromkeys(_QUOTE_MARKS, "'"), **dict.fromkeys(_DASHES, "-")}


def find_quote(quote: str, text: str) -> Span | None:
    """Return the first span where `quote` occurs in `text` as whole words, in code points; None if it does not occur.

    Exactly first; then however Unicode composes the letters, in whatever width, without regard to what is invisible, to
    how much white space stands between words, and to the form of quotation marks and dashes; then without regard to
    case. Nothing else is forgiven: a quotation that adds or leaves out a word or an accent is none.
    """
    if not any(char.isalnum() for char in quote):
        return None
    for words in dict.fromkeys((quote.strip(), quote.strip(_SURROUNDINGS))):
        span = _find_words(words, text)
        if span is not None:
            return span
        for keep_case in (True, False):
            folded = _fold(text, keep_case=keep_case)
            span = _find_words(_fold(words, keep_case=keep_case).text.strip(), folded.text)
            if span is not None:
                return folded.restore(*span)
    return None


def _find_words(words: str, text: str) -> Span | None:
    start = text.find(words) if words else -1
    while start >= 0:
        end = start + len(words)
        if not (_continues(text[start - 1 : start], words[0]) or _continues(text[end : end + 1], words[-1])):
            return start, end
        start = text.find(words, start + 1)
    return None


def _continues(beside: str, edge: str) -> bool:
    """Whether the character beside a quotation belongs to the same word, or to its last letter as a mark."""
    if not beside or not _is_of_word(edge):
        return bool(beside) and unicodedata.combining(beside) > 0
    return _is_of_word(beside)


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char).startswith("M")


def _fold(text: str, *, keep_case: bool) -> TracedText:
    pairs = list(_folded_characters(text, keep_case=keep_case))
    return TracedText("".join(char for char, _ in pairs), [span for _, span in pairs])


def _folded_characters(text: str, *, keep_case: bool) -> Iterator[tuple[str, Span]]:
    follows_space = False
    for cluster, span in clusters(text):
        marked = "".join(_SAME_MARK.get(char, char) for char in cluster)
        letters = unicodedata.normalize("NFKD", marked)
        if not keep_case:
            letters = unicodedata.normalize("NFKD", letters.casefold())
        for char in letters:
            if char.isspace():
                if not follows_space:
                    yield " ", span
                follows_space = True
            elif not is_invisible(char):
                follows_space = False
                yield char, span
