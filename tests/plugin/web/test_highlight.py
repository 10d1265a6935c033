"""Tests of the splitting of text at marks: each mark covers what the record points at, and no text is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.web.highlight import Highlight, TextPiece, split_at_highlights


def marked(text: str, *marks: Highlight) -> list[tuple[str, tuple[str, ...]]]:
    """Return the pieces with their refs, without their endings."""
    return [(piece.text, piece.refs) for piece in split_at_highlights(text, marks)]


def test_text_without_marks_is_one_piece() -> None:
    """Text without marks is one piece."""
    assert split_at_highlights("I do not know.", []) == (TextPiece("I do not know."),)


def test_empty_text_has_no_pieces() -> None:
    """Empty text has no pieces, whatever marks it has."""
    assert split_at_highlights("", [Highlight(0, 3, "1")]) == ()


def test_one_mark_cuts_the_text_in_three() -> None:
    """A mark in the middle splits the text into the parts before, under and after it."""
    assert marked("I do not know.", Highlight(2, 8, "1")) == [("I ", ()), ("do not", ("1",)), (" know.", ())]


def test_a_mark_may_cover_everything() -> None:
    """A mark over the whole text makes one marked piece."""
    assert marked("No.", Highlight(0, 3, "1")) == [("No.", ("1",))]


def test_overlapping_marks_share_the_piece_in_the_middle() -> None:
    """The overlap of two marks is a piece with both refs."""
    assert marked("abcdef", Highlight(0, 4, "1"), Highlight(2, 6, "2")) == [
        ("ab", ("1",)),
        ("cd", ("1", "2")),
        ("ef", ("2",)),
    ]


def test_a_nested_mark_keeps_the_outer_one_on_both_sides() -> None:
    """The outer of two nested marks also covers the text around the inner one."""
    assert marked("abcdef", Highlight(0, 6, "1"), Highlight(2, 4, "2")) == [
        ("ab", ("1",)),
        ("cd", ("1", "2")),
        ("ef", ("1",)),
    ]


def test_the_same_span_under_one_name_counts_once() -> None:
    """A mark that is given twice is shown once."""
    assert marked("abc", Highlight(0, 2, "1"), Highlight(0, 2, "1")) == [("ab", ("1",)), ("c", ())]


def test_a_mark_ends_in_exactly_one_piece() -> None:
    """Each mark ends in exactly one piece, after which its footnote number is shown once."""
    ends = [
        (piece.text, piece.ending)
        for piece in split_at_highlights("abcdef", [Highlight(0, 4, "1"), Highlight(2, 6, "2")])
    ]
    assert ends == [("ab", ()), ("cd", ("1",)), ("ef", ("2",))]


def test_touching_marks_stay_two_pieces() -> None:
    """Two marks that touch stay two pieces."""
    assert marked("abcd", Highlight(0, 2, "1"), Highlight(2, 4, "2")) == [("ab", ("1",)), ("cd", ("2",))]


def test_spans_count_code_points_not_bytes_nor_utf16_units() -> None:
    """Spans count code points: an emoji is one, though it has four bytes and two UTF-16 units."""
    assert marked("😀 fine", Highlight(2, 6, "1")) == [("😀 ", ()), ("fine", ("1",))]


@pytest.mark.parametrize(
    ("text", "mark", "shown"),
    [
        ("cafe\u0301 now", Highlight(0, 4, "1"), "cafe\u0301"),  # e + combining acute
        ("cafe\u0301 now", Highlight(4, 9, "1"), "e\u0301 now"),
        ("ok 👍🏽 ok", Highlight(3, 4, "1"), "👍🏽"),  # thumb + skin tone
        ("we 👨\u200d👩\u200d👧 are", Highlight(3, 4, "1"), "👨\u200d👩\u200d👧"),  # joined by zero-width joiners
        ("❤\ufe0f yes", Highlight(0, 1, "1"), "❤\ufe0f"),  # variation selector
        ("हिन्दी", Highlight(0, 1, "1"), "हि"),  # a vowel sign belongs to its consonant
    ],
)
def test_a_mark_never_cuts_what_a_reader_sees_as_one_character(text: str, mark: Highlight, shown: str) -> None:
    """The edge of a mark moves outward instead of splitting a visible character."""
    assert [piece.text for piece in split_at_highlights(text, [mark]) if piece.refs] == [shown]


@pytest.mark.parametrize(
    "mark", [Highlight(5, 9, "1"), Highlight(2, 2, "1"), Highlight(3, 1, "1"), Highlight(-4, 0, "1")]
)
def test_a_mark_that_holds_nothing_of_the_text_is_ignored(mark: Highlight) -> None:
    """A mark that covers none of the text is ignored, so that a wrong record still gives a page."""
    assert marked("abc", mark) == [("abc", ())]


def test_a_mark_that_reaches_beyond_the_text_ends_with_it() -> None:
    """A mark that reaches beyond the text ends with the text."""
    assert marked("abc", Highlight(1, 99, "1")) == [("a", ()), ("bc", ("1",))]


def test_words_stay_out_of_the_repr() -> None:
    """The representation of a piece does not show its text, since it may be logged by accident."""
    assert "secret" not in repr(split_at_highlights("secret", [Highlight(0, 3, "1")]))


spans = st.tuples(st.integers(-3, 30), st.integers(-3, 30), st.sampled_from("1234"))


@given(st.text(max_size=25), st.lists(spans, max_size=6))
def test_the_pieces_are_the_text_again(text: str, found: list[tuple[int, int, str]]) -> None:
    """The pieces joined are exactly the text, and no piece is empty, whatever the marks."""
    cut = split_at_highlights(text, [Highlight(*span) for span in found])
    assert "".join(piece.text for piece in cut) == text
    assert all(piece.text for piece in cut)


@given(st.text(min_size=1, max_size=25), st.lists(spans, max_size=6))
def test_every_marked_code_point_lies_under_its_mark(text: str, found: list[tuple[int, int, str]]) -> None:
    """Every code point of a mark's span is in a piece with its ref, since edges only move outward."""
    refs_at = [
        piece.refs for piece in split_at_highlights(text, [Highlight(*span) for span in found]) for _ in piece.text
    ]
    for start, end, ref in found:
        assert all(ref in refs_at[at] for at in range(max(0, start), min(end, len(text))))
