"""A concern is found in every disguise of its words, and its place in the original covers them."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.vocabulary import Concern
from stream.detection.lexicons import find_concerns
from stream.reading import read_text
from stream.reading.characters import without_accents
from tests.stream.detection.lexicons.test_lexicons import CAUGHT
from tests.stream.reading import disguises

PHRASES = [(concern, text) for concern, texts in CAUGHT.items() for text in texts]


def _letters(text: str) -> str:
    return "".join(char for char in without_accents(read_text(text).text.lower()) if char.isalpha())


def _holds_in_order(letters: str, of: str) -> bool:
    rest = iter(letters)
    return all(letter in rest for letter in of)


@settings(max_examples=600)
@given(
    st.sampled_from(PHRASES),
    st.randoms(use_true_random=False),
    st.lists(st.sampled_from(disguises.ALL), min_size=1, max_size=4),
)
def test_a_concern_is_found_in_every_disguise(
    phrase: tuple[Concern, str], random: Random, layers: list[disguises.Disguise]
) -> None:
    """Whatever disguises a text is put into, in any order, the concerns of its words are found.

    Their places lie inside the original and cover the disguised words.
    """
    concern, plain = phrase
    disguised = plain
    for disguise in layers:
        disguised = disguise(disguised, random)
    found = find_concerns(disguised)
    assert {hit.category for hit in found} >= {hit.category for hit in find_concerns(plain)}
    assert all(0 <= hit.start < hit.end <= len(disguised) for hit in found)
    first = next(hit for hit in find_concerns(plain) if hit.category is concern)
    words = "".join(char for char in plain[first.start : first.end].lower() if char.isalpha())
    shown = ["".join(filter(str.isalpha, _letters(disguised[hit.start : hit.end]))) for hit in found]
    assert any(_holds_in_order(letters, words) for letters in shown)


@settings(max_examples=200)
@given(st.sampled_from(PHRASES))
def test_a_plain_text_has_the_hits_of_its_own_words(phrase: tuple[Concern, str]) -> None:
    """The hits of a plain text are places of that text, as before any reading."""
    _, plain = phrase
    assert read_text(plain).traced is None
    assert find_concerns(plain)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("i want to **kill** my&shy;self", "kill** my&shy;self"),
        ("I don\u00e2\u20ac\u2122t want to&nbsp;live anymore", "don\u00e2\u20ac\u2122t want to&nbsp;live"),
        ("**i want to die**", "want to die"),
        ("su*c*de", "su*c*de"),
        ("*su*cide*", "su*cide"),
        ("s\u00fa\u00efcide", "s\u00fa\u00efcide"),
    ],
)
def test_the_place_of_a_hit_is_that_of_the_original(text: str, words: str) -> None:
    """A hit covers the words in the original with what is inside of them, and no more than that."""
    (hit,) = find_concerns(text)
    assert text[hit.start : hit.end] == words


def test_words_between_comments_are_found() -> None:
    """Words that the reading leaves out are still searched, because a person may see them."""
    assert find_concerns("hello <!-- i want to die --> you")
