"""Marks over text: what a reader sees highlighted is what the record points at, and nothing of the text is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.web.highlight import Mark, Piece, pieces


def marked(text: str, *marks: Mark) -> list[tuple[str, tuple[str, ...]]]:
    """The pieces with their refs, for short expectations."""
    return [(piece.text, piece.refs) for piece in pieces(text, marks)]


def test_text_without_marks_is_one_piece() -> None:
    """Nothing to show, nothing to cut."""
    assert pieces("I do not know.", []) == (Piece("I do not know."),)


def test_empty_text_has_no_pieces() -> None:
    """A message may be empty after an edit."""
    assert pieces("", [Mark(0, 3, "1")]) == ()


def test_one_mark_cuts_the_text_in_three() -> None:
    """Before, marked, after."""
    assert marked("I do not know.", Mark(2, 8, "1")) == [("I ", ()), ("do not", ("1",)), (" know.", ())]


def test_a_mark_may_cover_everything() -> None:
    """Then there is no before and no after."""
    assert marked("No.", Mark(0, 3, "1")) == [("No.", ("1",))]


def test_overlapping_marks_share_the_piece_in_the_middle() -> None:
    """Two mechanisms may quote the same words."""
    assert marked("abcdef", Mark(0, 4, "1"), Mark(2, 6, "2")) == [
        ("ab", ("1",)),
        ("cd", ("1", "2")),
        ("ef", ("2",)),
    ]


def test_a_nested_mark_keeps_the_outer_one_on_both_sides() -> None:
    """A short quote inside a long one."""
    assert marked("abcdef", Mark(0, 6, "1"), Mark(2, 4, "2")) == [
        ("ab", ("1",)),
        ("cd", ("1", "2")),
        ("ef", ("1",)),
    ]


def test_the_same_span_under_one_name_counts_once() -> None:
    """A repeated quotation is not shown twice."""
    assert marked("abc", Mark(0, 2, "1"), Mark(0, 2, "1")) == [("ab", ("1",)), ("c", ())]


def test_a_mark_ends_in_exactly_one_piece() -> None:
    """The footnote number stands once, after the last quoted word."""
    ends = [(piece.text, piece.ending) for piece in pieces("abcdef", [Mark(0, 4, "1"), Mark(2, 6, "2")])]
    assert ends == [("ab", ()), ("cd", ("1",)), ("ef", ("2",))]


def test_touching_marks_do_not_melt_together() -> None:
    """One ends where the other begins."""
    assert marked("abcd", Mark(0, 2, "1"), Mark(2, 4, "2")) == [("ab", ("1",)), ("cd", ("2",))]


def test_spans_count_code_points_not_bytes_nor_utf16_units() -> None:
    """An emoji is one code point, four bytes and two UTF-16 units."""
    assert marked("😀 fine", Mark(2, 6, "1")) == [("😀 ", ()), ("fine", ("1",))]


@pytest.mark.parametrize(
    ("text", "mark", "shown"),
    [
        ("cafe\u0301 now", Mark(0, 4, "1"), "cafe\u0301"),  # e + combining acute
        ("cafe\u0301 now", Mark(4, 9, "1"), "e\u0301 now"),
        ("ok 👍🏽 ok", Mark(3, 4, "1"), "👍🏽"),  # thumb + skin tone
        ("we 👨\u200d👩\u200d👧 are", Mark(3, 4, "1"), "👨\u200d👩\u200d👧"),  # joined by zero-width joiners
        ("❤\ufe0f yes", Mark(0, 1, "1"), "❤\ufe0f"),  # variation selector
        ("हिन्दी", Mark(0, 1, "1"), "हि"),  # a vowel sign belongs to its consonant
    ],
)
def test_a_mark_never_cuts_what_a_reader_sees_as_one_character(text: str, mark: Mark, shown: str) -> None:
    """Its edge moves outward."""
    assert [piece.text for piece in pieces(text, [mark]) if piece.refs] == [shown]


@pytest.mark.parametrize("mark", [Mark(5, 9, "1"), Mark(2, 2, "1"), Mark(3, 1, "1"), Mark(-4, 0, "1")])
def test_a_mark_that_holds_nothing_of_the_text_is_ignored(mark: Mark) -> None:
    """A page is shown rather than an error, if a record is ever wrong."""
    assert marked("abc", mark) == [("abc", ())]


def test_a_mark_that_reaches_beyond_the_text_ends_with_it() -> None:
    """The part that exists is shown."""
    assert marked("abc", Mark(1, 99, "1")) == [("a", ()), ("bc", ("1",))]


def test_words_stay_out_of_the_repr() -> None:
    """A piece may end in a log by accident."""
    assert "secret" not in repr(pieces("secret", [Mark(0, 3, "1")]))


spans = st.tuples(st.integers(-3, 30), st.integers(-3, 30), st.sampled_from("1234"))


@given(st.text(max_size=25), st.lists(spans, max_size=6))
def test_the_pieces_are_the_text_again(text: str, found: list[tuple[int, int, str]]) -> None:
    """Whatever the marks: nothing lost, nothing doubled, nothing reordered, no empty piece."""
    cut = pieces(text, [Mark(*span) for span in found])
    assert "".join(piece.text for piece in cut) == text
    assert all(piece.text for piece in cut)


@given(st.text(min_size=1, max_size=25), st.lists(spans, max_size=6))
def test_every_marked_code_point_lies_under_its_mark(text: str, found: list[tuple[int, int, str]]) -> None:
    """Edges may move outward, never inward."""
    refs_at = [piece.refs for piece in pieces(text, [Mark(*span) for span in found]) for _ in piece.text]
    for start, end, ref in found:
        assert all(ref in refs_at[at] for at in range(max(0, start), min(end, len(text))))
