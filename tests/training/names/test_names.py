"""The measurement of the recogniser, and the figures that the documents state of it."""

import re
from pathlib import Path

import pytest

from training.names.__main__ import Line, Measure, measure, read_lines

ROOT = Path(__file__).parents[3]
LINES = read_lines()


@pytest.fixture(scope="module")
def unseen() -> Measure:
    """Return the measure of the half that nobody looked at while the rules were written."""
    return measure(line for line in LINES if line.is_unseen)


def test_there_are_three_hundred_lines_with_and_without_names() -> None:
    """Nearly half of the lines have names, and no line stands there twice."""
    assert len(LINES) >= 300
    assert len({line.text for line in LINES}) == len(LINES)
    assert 0.4 < sum(bool(line.names) for line in LINES) / len(LINES) < 0.6


def test_a_name_is_found_when_no_letter_of_it_is_left() -> None:
    """A name that is replaced in part is missed, and a replaced word that is no name counts against the rules."""
    found = measure([Line("my name is Sarah", ((11, 16),))])
    assert (found.found, found.right, found.replaced, found.wrongly_replaced) == (1, 1, 1, 0)
    missed = measure([Line("my name is Sarah Quux-lower", ((11, 27),))])
    assert missed.found <= missed.names == 1
    wrong = measure([Line("my name is Sarah", ())])
    assert (wrong.lines_without_names, wrong.wrongly_replaced, wrong.right) == (1, 1, 0)


def test_the_figures_in_the_document_are_those_of_the_command(unseen: Measure) -> None:
    """`docs/guarantees.md` states recall and precision of the unseen half as they are."""
    text = " ".join((ROOT / "docs" / "guarantees.md").read_text().split())
    stated = re.search(r"finds ([0-9.]+) of the names .*?; ([0-9.]+) of what it replaces", text)
    assert stated is not None
    assert stated.groups() == (f"{unseen.recall:.2f}", f"{unseen.precision:.2f}")
