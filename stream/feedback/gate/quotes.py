"""Find a model's quotation in the text the model saw."""

import re

from stream.feedback.deidentification.normalise import Span

_QUOTE_MARKS = "'\"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SURROUNDINGS = _QUOTE_MARKS + " \t\r\n"  # models like to put a quotation into quotation marks


def find_quote(quote: str, text: str) -> Span | None:
    """Return the first span where `quote` occurs in `text` as whole words, in code points; None if it does not occur.

    Exactly first; then without regard to case, to how much white space stands between words, and to the form of
    quotation marks and dashes. Nothing else is forgiven: a quotation that adds or leaves out a word is none.
    """
    if not any(char.isalnum() for char in quote):
        return None
    for words in dict.fromkeys((quote.strip(), quote.strip(_SURROUNDINGS))):
        exact = re.search(_as_whole_words(re.escape(words), words), text)
        match = exact or re.search(_as_whole_words(_tolerant_pattern(words), words), text, re.IGNORECASE)
        if match:
            return match.span()
    return None


def _as_whole_words(pattern: str, words: str) -> str:
    before = r"(?<!\w)" if words[0].isalnum() else ""
    after = r"(?!\w)" if words[-1].isalnum() else ""
    return before + pattern + after


def _tolerant_pattern(words: str) -> str:
    return r"\s+".join("".join(map(_tolerant_character, word)) for word in words.split())


def _tolerant_character(char: str) -> str:
    for family in (_QUOTE_MARKS, _DASHES):
        if char in family:
            return f"[{re.escape(family)}]"
    return re.escape(char)
