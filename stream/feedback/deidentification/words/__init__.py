"""Word lists of the de-identifier: three made by `python -m training.names.lists`, the others written by hand."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def given_names() -> frozenset[str]:
    """Return given names of some forty countries, in lower-case ASCII."""
    return _lines("given_names")


@cache
def ordinary_words() -> frozenset[str]:
    """Return the most frequent words of English, words that people type, and names that are words as well."""
    return _lines("ordinary_words")


@cache
def proper_words() -> frozenset[str]:
    """Return words and forms of address that have a capital and are no names: months, nations, brands; by hand."""
    return _lines("proper_words")


@cache
def endings() -> frozenset[str]:
    """Return what languages of Europe add to names, in the usual romanisations: cases, pet names, forms of surnames."""
    return _lines("endings")


@cache
def phrases(kind: str) -> tuple[str, ...]:
    """Return the regular expressions of the words around a name; `phrases.toml` says what each kind is."""
    return tuple(tomllib.loads(files(__name__).joinpath("phrases.toml").read_text("utf-8"))[kind])


@cache
def lookalikes() -> dict[str, str]:
    """Return the ASCII letter that a character looks like, where it is transliterated to another one."""
    return dict(line.split(" ") for line in sorted(_lines("lookalikes")))


def _lines(name: str) -> frozenset[str]:
    return frozenset(files(__name__).joinpath(f"{name}.txt").read_text("utf-8").splitlines())
