"""Tests of the sheet from which exchanges are rated."""

from pathlib import Path

import pytest

from tests.training.measures.samples import conversation
from training.errors import DataError
from training.measures.sheet import in_order, window, write_sheet

TALKS = [conversation("A1", *(f"turn {number}" for number in range(1, 13))), conversation("A2", "hi", "Hello.", "bye")]


def test_a_window_ends_with_the_reply() -> None:
    """A window has six turns, or as many as there are, and ends with the reply to its client turn."""
    assert [turn.text for turn in window(TALKS, ("A1", 4))] == [f"turn {number}" for number in range(3, 9)]
    assert [turn.text for turn in window(TALKS, ("A2", 1))] == ["hi", "Hello."]


@pytest.mark.parametrize("exchange", [("A2", 2), ("A2", 9), ("A9", 1)])
def test_an_exchange_that_the_data_lack_is_named(exchange: tuple[str, int]) -> None:
    """A turn that is not there, or that nobody answers, is named by conversation and number."""
    with pytest.raises(DataError, match=f"client turn {exchange[1]} of {exchange[0]}"):
        window(TALKS, exchange)


def test_each_pass_has_an_order_of_its_own() -> None:
    """The order hangs on the seed alone, and two seeds differ."""
    exchanges = [("A1", number) for number in range(1, 7)]
    assert in_order(exchanges, 1) == in_order(reversed(exchanges), 1)
    assert in_order(exchanges, 1) != in_order(exchanges, 2)


def test_a_sheet_names_no_conversation(tmp_path: Path) -> None:
    """A sheet has numbered windows with the two sides, and nothing that says where they come from."""
    out = tmp_path / "sheet.txt"
    write_sheet(TALKS, [("A2", 1), ("A1", 1)], 1, out)
    text = out.read_text(encoding="utf-8")
    assert "  C: hi\n  T: Hello.\n" in text
    assert text.count("#") == 2
    assert "A1" not in text
    with pytest.raises(FileExistsError):
        write_sheet(TALKS, [("A2", 1)], 1, out)
