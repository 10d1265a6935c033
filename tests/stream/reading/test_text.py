"""A text is read as its words, however it was encoded or marked up, and every place leads back to the original."""

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.reading import Damage, read_text
from tests.stream.reading import disguises

PLAIN = [
    "",
    "I don't want to live any more.",
    "R&B, AT&T, Q&A &c; 2 < 3 > 1, x<y and y>z, <3, <grin>",
    "2 * 3 = 6, f**k, su*c*de, *_*, snake_case, @a_name, ____, ^_^, don`t",
    "I\u2019m \u201cfine\u201d \u2014 really\u2026 \U0001f600",
    "na\u00efve caf\u00e9, \u00c2ge, \u00bd \u00b2 \u2122 \u20ac5",
    "\u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u6211\u4e0d\u77e5\u9053 \u042f \u043d\u0435 \u0437\u043d\u0430\u044e \u0645\u0631\u062d\u0628\u0627",
    "a\nb\tc\r\nd",
    "C:\\new folder, [see below], (or not)",
]
"""Texts without disguise, some of which look like one."""


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_is_its_own_reading(text: str) -> None:
    """A plain text is read as it is and counts as undamaged."""
    reading = read_text(text)
    assert reading.text == text
    assert reading.traced is None
    assert reading.damage == frozenset()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don&amp;amp;#39;t&amp;nbsp;go", "don't go"),
        ("&lt;b&gt;no&lt;/b&gt;", "no"),
        ("&#38;#38;nbsp;x", " x"),
        ("\uff06nbsp\uff1bx", " x"),
        ("**&nbsp;no**", " no"),
        ("&Acirc;&nbsp;no", " no"),
        ("\u00e2\u200b\u20ac\u2122", "\u2019"),
        ("<b>_**no**_</b>", "no"),
    ],
)
def test_disguises_inside_of_disguises_are_read(text: str, words: str) -> None:
    """A text that was encoded or marked up several times, in any order, is read to its words."""
    assert read_text(text).text == words


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a &amp; b", {Damage.ENTITIES}),
        ("don\u00e2\u20ac\u2122t", {Damage.MOJIBAKE}),
        ("\u00e9t\u00e9\u0081", {Damage.CONTROLS}),
        ("don\ufffdt", {Damage.LOST}),
        ("\ufffd\ufffd", {Damage.LOST}),
        ("<p>no</p>", {Damage.TAGS}),
        ("**no**", {Damage.MARKDOWN}),
        ("&lt;b&gt;no&lt;/b&gt; **no**", {Damage.ENTITIES, Damage.TAGS, Damage.MARKDOWN}),
        ("n\u200bo", set()),
        ("\uff4e\uff4f", set()),
    ],
)
def test_damage_is_named_by_kind(text: str, kinds: set[Damage]) -> None:
    """A text names the kinds of its damage; what people type themselves, as emoji or full width, is none."""
    assert read_text(text).damage == kinds


def test_a_place_leads_back_to_the_original() -> None:
    """A span of the reading leads to the span of the original that it stands for, in code points."""
    original = "\U0001f614 &amp; **don\u00e2\u20ac\u2122t** go"
    reading = read_text(original)
    start = reading.text.index("don")
    assert original[slice(*reading.restore(start, start + 5))] == "don\u00e2\u20ac\u2122t"
    assert original[slice(*reading.restore(2, 3))] == "&amp;"


def test_a_text_that_is_its_own_reading_leads_to_itself() -> None:
    """The places of a plain text are its own."""
    reading = read_text("no")
    assert reading.restore(0, 2) == (0, 2)
    assert list(reading.trace().origins) == [(0, 1), (1, 2)]


@given(st.text(), st.randoms(use_true_random=False))
@example("\ud800\u00e2\u20ac\u2122", Random(0))
@example("&#xD800;&#0;&#1;&#99999999;", Random(0))
def test_every_place_lies_in_the_original_and_in_order(text: str, random: Random) -> None:
    """For any text the places are spans inside the original, none before the one of the character before it."""
    for disguise in random.choices(disguises.ALL, k=2):
        text = disguise(text, random) if any(map(str.isalnum, text)) else text
    traced = read_text(text).trace()
    assert len(traced.origins) == len(traced.text)
    before = (0, 0)
    for start, end in traced.origins:
        assert before[0] <= start < end <= len(text)
        assert before[1] <= end
        before = (start, end)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_letters_survive_every_disguise(random: Random, count: int) -> None:
    """The letters of a text are the same in the reading of every composition of disguises of it."""
    plain = "no way, I don't want to. you never listen to me"
    disguised = plain
    for disguise in random.choices(disguises.ALL, k=count):
        disguised = disguise(disguised, random)
    words = [char for char in read_text(disguised).text if char.isascii() and char.isalpha()]
    kept = [char for char in plain if char.isalpha()]
    accents = sum(disguised.count(mark) for mark in disguises.OVERLAYS)
    assert len(kept) - accents <= len(words) <= len(kept)


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=32, exclude_characters="&<*_`~|\\>[]")))
def test_ascii_without_marks_is_never_changed(text: str) -> None:
    """Text of ASCII without any sign of markup is its own reading, whatever it says."""
    assert read_text(text).traced is None


@pytest.mark.parametrize(
    "text",
    ["&amp;" * 4_000, "*a " * 6_666, "<a " * 6_666, "<!--" * 5_000, "\u200b*" * 10_000, "[a](" * 5_000, "\\" * 20_000,
     "\u00e2\u20ac\u2122" * 6_666, "a\u0301" * 10_000, "<b>" * 6_666, "> " * 10_000, "&" * 20_000, "&#38;" * 4_000],
)  # fmt: skip
def test_hostile_text_is_read_in_bounded_rounds(text: str) -> None:
    """The longest text that a message may have is read to an end, however often it is nested."""
    reading = read_text(text)
    assert len(reading.text) <= len(text)
