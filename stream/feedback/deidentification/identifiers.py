"""Find what points at a person without being a name: addresses, links, phone numbers, handles, numbers of any account.

When in doubt it is found: a model that misses a figure loses little, a person whose account number leaves loses much.
Dates written in figures are found as numbers, for a date of birth looks no different.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial

from linkify_it import LinkifyIt
from phonenumbers import Leniency, PhoneNumberMatcher

from stream.reading import Span


class IdentifierKind(StrEnum):
    """The kind of an identifier; its value is the word in the placeholder."""

    EMAIL = "EMAIL"
    URL = "URL"
    PHONE = "PHONE"
    HANDLE = "HANDLE"
    NUMBER = "NUMBER"


_HANDLE = re.compile(r"(?<![\w@])@\w[\w.]*\w")
# Seven digits, in groups or not: the shortest account and phone numbers; a year or an amount is shorter.
_DIGIT_GROUPS = re.compile(r"\d(?:[ .,\-/()]{0,2}\d){6,}")
# Letters and at least four digits in one word: the form of a national insurance number, a login, an order.
_LETTERS_WITH_DIGITS = re.compile(r"(?<![\w-])(?=(?:[\w-]*\d){4})(?=[\d_-]*[^\W\d_])[\w-]{6,}(?![\w-])")
_COUNTRY_DOMAIN_LETTERS = 2

_links = LinkifyIt()


def find_identifiers(text: str) -> list[tuple[Span, IdentifierKind]]:
    """Find identifiers, in order and without overlap: addresses first, then phone numbers, then other numbers."""
    found: list[tuple[Span, IdentifierKind]] = []
    for finder in _FINDERS:
        for (start, end), kind in list(finder(text)):
            found.append(((start, end), kind))
            # What is found is blanked, so that no later pattern runs into it; none of them crosses a line.
            text = text[:start] + "\n" * (end - start) + text[end:]
    return sorted(found)


def _find_addresses(text: str) -> Iterator[tuple[Span, IdentifierKind]]:
    for match in _links.match(text) or ():
        if match.schema == "mailto:":
            yield (match.index, match.last_index), IdentifierKind.EMAIL
        elif match.schema or not _is_missing_space(match.text):
            yield (match.index, match.last_index), IdentifierKind.URL


def _is_missing_space(word: str) -> bool:
    """Whether "tired.So" is meant: two sentences without a space, read as a domain of Somalia."""
    if "/" in word or word.lower().startswith("www."):
        return False
    return len(word.rsplit(".", 1)[-1]) == _COUNTRY_DOMAIN_LETTERS


def _find_phones(text: str, region: str, leniency: int) -> Iterator[tuple[Span, IdentifierKind]]:
    for match in PhoneNumberMatcher(text, region, leniency=leniency):
        yield (match.start, match.end), IdentifierKind.PHONE


def _find_pattern(text: str, pattern: re.Pattern[str], kind: IdentifierKind) -> Iterator[tuple[Span, IdentifierKind]]:
    for match in pattern.finditer(text):
        yield match.span(), kind


_FINDERS: tuple[Callable[[str], Iterator[tuple[Span, IdentifierKind]]], ...] = (
    _find_addresses,
    # Numbers in other countries' own way of writing are found as numbers.
    partial(_find_phones, region="US", leniency=Leniency.POSSIBLE),
    partial(_find_phones, region="GB", leniency=Leniency.VALID),
    partial(_find_pattern, pattern=_HANDLE, kind=IdentifierKind.HANDLE),
    partial(_find_pattern, pattern=_DIGIT_GROUPS, kind=IdentifierKind.NUMBER),
    partial(_find_pattern, pattern=_LETTERS_WITH_DIGITS, kind=IdentifierKind.NUMBER),
)
