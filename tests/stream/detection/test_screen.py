"""Tests of the prefilter: it never excludes a list that matches, and excludes nearly everything else."""

import re
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.detection import lexicons
from stream.detection.screen import prefilter, relaxed_pattern
from stream.detection.text import fold, whole_words
from tests.fixtures.waiting import DEADLOCK_S

LISTS = list(lexicons._expressions().values())
EVERY = [
    pytest.param(number, each, id=f"{number}-{i}") for number, found in enumerate(LISTS) for i, each in enumerate(found)
]
SCREEN = prefilter(LISTS)
# White space, letters, digits and apostrophes of ASCII and beyond, which folding and character classes treat specially.
AROUND = st.text("aZ19_ .,!?'\u2019\u00a0\u2003\u2028\x1c\n\x00\u00e9\u0130\uff11\u4e09\U0001f600", max_size=3)


@cache  # making the strategy of a pattern takes longer than drawing from it
def texts_of(expression: str) -> st.SearchStrategy[str]:
    """Return a strategy of texts that a pattern matches."""
    return st.from_regex(re.compile(expression, re.DOTALL), fullmatch=True)


@pytest.mark.parametrize(("number", "expression"), EVERY)
@settings(max_examples=4)  # for each of some two hundred patterns
@given(data=st.data(), before=AROUND, after=AROUND)
def test_a_list_with_a_matching_pattern_is_never_excluded(
    number: int, expression: str, data: st.DataObject, before: str, after: str
) -> None:
    """The prefilter names the list of every pattern that matches, for texts generated from each pattern."""
    said = data.draw(texts_of(expression))
    folded = fold(before + said + after)
    if whole_words([expression]).search(folded):
        assert number in SCREEN(folded)


WORDS = st.sampled_from(sorted({word for found in LISTS for each in found for word in re.findall("[a-z]+", each)}))


@given(st.lists(WORDS | AROUND, max_size=12).map(" ".join))
def test_the_same_is_found_with_the_prefilter_as_without_it(text: str) -> None:
    """The same concerns are found with the prefilter as without it, in texts of the lists' own words."""
    folded = fold(text)
    all_hits = {
        (concern, *match.span()) for concern, pattern in lexicons._patterns() for match in pattern.finditer(folded)
    }
    assert set(lexicons.find_concerns(text)) == all_hits


@pytest.mark.parametrize(
    "text",
    [
        "kill\u00a0myself",
        "kill\u2003 \x1cmyself",
        "\u00e9 kill myself",
        "kill myself\ud800",
        "\ud800 kill myself",
        "a" * 100_000 + " kill myself",
    ],
)
def test_unusual_characters_do_not_hide_a_concern(text: str) -> None:
    """White space and letters beyond ASCII, lone surrogates and long text do not hide a concern.

    RE2 and Python differ in what they call a space, and UTF-8 has no lone surrogates.
    """
    assert lexicons.find_concerns(text)
    assert SCREEN(text)


ORDINARY = [
    "i slept better this week",
    "we went to the lake with the dog",
    "my sister called and we talked for an hour",
    "work is busy but i like the new team",
    "thanks, that makes sense",
    "it rained all day so i read a book",
    "what did you do after that?",
    "",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_excluded(text: str) -> None:
    """Ordinary text is excluded from every list, without which the prefilter would save no time."""
    assert not SCREEN(text)


@pytest.mark.parametrize(
    ("pattern", "for_re2"),
    [
        ("a(?! b(?:c|d))e", "ae"),
        ("(?<!no )a", "a"),
        ("a(?=b|(?:c))", "a"),
        (r"\ba\B", "a"),
        (r"a\.b\\c", r"a\.b\\c"),
        ("[^.!?]", "[^.!?]"),
        ("[]a]", "[]a]"),
        (r"\d", r"[0-9\x{80}-\x{10FFFF}]"),
        (r"[\d+]", r"[0-9\x{80}-\x{10FFFF}+]"),
        ("(?:a|b)?", "(?:a|b)?"),
    ],
)
def test_a_pattern_for_re2_is_the_same_or_laxer(pattern: str, for_re2: str) -> None:
    """A pattern for RE2 has no lookaround and no boundary, and its classes contain every character beyond ASCII."""
    assert relaxed_pattern(pattern) == for_re2


@pytest.mark.parametrize("pattern", [r"[^\w]", r"[^a\s]", r"[\W]", r"[a\S]"])
def test_a_pattern_whose_relaxed_form_matches_less_is_refused(pattern: str) -> None:
    """A pattern is refused if its relaxed form would match less, as a negated class of wider classes does."""
    with pytest.raises(ValueError, match="less than Python"):
        prefilter([[pattern]])


def test_a_pattern_that_re2_does_not_support_is_refused() -> None:
    """A pattern that RE2 does not support is refused, because without it the prefilter would miss its matches."""
    with pytest.raises(Exception, match="Filter"):
        prefilter([[r"(a)\1"]])


def test_a_list_without_patterns_matches_no_text() -> None:
    """A list without patterns matches no text."""
    assert list(prefilter([])("anything")) == []
    assert list(prefilter([[], ["any"]])("any thing")) == [1]


def test_each_list_is_returned_once_and_in_order() -> None:
    """Each list is returned once and in order, however many of its patterns may match."""
    assert list(prefilter([["b", "c"], ["x"], ["a", "a b"]])("a b c")) == [0, 2]


def test_the_prefilter_writes_nothing() -> None:
    """The prefilter writes nothing to stdout or stderr, since RE2's own log would contain words of a client."""
    code = (
        "from stream.detection import lexicons\n"
        "for text in ['kill myself ' * 20_000, 'they have ' * 50_000, '\\u00e9' * 100_000]:\n"
        "    lexicons.find_concerns(text)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLOCK_S, check=True)
    assert (done.stdout, done.stderr) == ("", "")
