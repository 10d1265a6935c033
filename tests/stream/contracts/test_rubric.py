"""The rubric: complete, ours by its own word, and the same on every page that shows it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stream.contracts.rubric import (
    COLLUSION,
    HOW_TO_READ,
    LEVEL_TITLES,
    ORIGIN,
    RUBRIC,
    RUBRIC_VERSION,
    LevelRubric,
    anchor,
    markdown,
)
from stream.contracts.vocabulary import Concern, Level, Mechanism

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "rubric.md"

CASES = [
    pytest.param(meaning, id=f"{mechanism}-{level.name.lower()}")
    for mechanism, entry in RUBRIC.items()
    for level, meaning in entry.levels.items()
]


def headings(depth: int) -> list[str]:
    """The headings of one depth on the page."""
    return re.findall(rf"^{'#' * depth} (.+)$", markdown(), re.MULTILINE)


def test_every_mechanism_has_an_entry_in_the_order_of_the_vocabulary() -> None:
    """A mechanism that nobody defined means nothing."""
    assert list(RUBRIC) == list(Mechanism)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_every_level_is_defined_from_none_to_strong(mechanism: Mechanism) -> None:
    """A level that nobody defined means nothing."""
    assert list(RUBRIC[mechanism].levels) == list(Level)


@pytest.mark.parametrize("meaning", CASES)
def test_a_level_says_when_it_holds_and_shows_it_by_an_example(meaning: LevelRubric) -> None:
    """Definition and example are whole sentences, and short enough to be read between two sessions."""
    for words in (meaning.definition, meaning.example_client, meaning.example_reply):
        assert words == words.strip()
        assert words[-1] in ".?!"
        assert 20 < len(words) < 250


@pytest.mark.parametrize("mechanism", Mechanism)
def test_the_three_examples_of_a_mechanism_answer_the_same_client(mechanism: Mechanism) -> None:
    """Only the reply differs from level to level, so a reader sees what makes the level."""
    levels = RUBRIC[mechanism].levels.values()
    assert len({meaning.example_client for meaning in levels}) == 1
    assert len({meaning.example_reply for meaning in levels}) == len(Level)


def test_no_example_belongs_to_two_mechanisms() -> None:
    """A reply expresses several mechanisms at once; each example is written for one."""
    replies = [meaning.example_reply for entry in RUBRIC.values() for meaning in entry.levels.values()]
    assert len(set(replies)) == len(replies)


def test_levels_bear_the_names_that_pages_use() -> None:
    """0, 1 and 2 are no marks: each has its words."""
    assert [LEVEL_TITLES[level] for level in Level] == ["No expression", "Weak expression", "Strong expression"]


@pytest.mark.parametrize("mechanism", Mechanism)
def test_a_link_to_a_mechanism_is_the_slug_of_its_title(mechanism: Mechanism) -> None:
    """One fragment leads to the entry on our page and in the rendered docs/rubric.md."""
    assert anchor(mechanism) == RUBRIC[mechanism].title.lower().replace(" ", "-")


def test_the_page_says_that_definitions_are_ours_and_unreviewed() -> None:
    """Names are the paper's, definitions are not: no reader may take them for the authors' text."""
    assert "arXiv 2602.21638" in ORIGIN
    assert "our own" in ORIGIN
    assert "not been reviewed by clinicians" in ORIGIN
    assert ORIGIN in markdown()


def test_the_page_says_that_a_level_describes_a_reply_and_nobody() -> None:
    """The rubric must not be read as a grade."""
    assert "says nothing about the counsellor's ability" in HOW_TO_READ
    assert HOW_TO_READ in markdown()


@pytest.mark.parametrize("concern", Concern)
def test_the_page_names_every_subject_that_gets_no_level(concern: Concern) -> None:
    """Agreeing with a delusion is not alignment: each kind of critical content stands on the page."""
    assert concern.value.replace("_", " ").replace("self harm", "self-harm") in COLLUSION
    assert COLLUSION in markdown()


def test_the_page_has_a_heading_for_each_mechanism_and_each_of_its_levels() -> None:
    """Nothing of the rubric is left off the page."""
    assert headings(1) == [f"Rubric {RUBRIC_VERSION}: the four mechanisms and their levels"]
    assert headings(2) == [entry.title for entry in RUBRIC.values()]
    assert headings(3) == ["0 · No expression", "1 · Weak expression", "2 · Strong expression"] * len(Mechanism)


@pytest.mark.parametrize("meaning", CASES)
def test_the_page_shows_each_definition_with_its_example(meaning: LevelRubric) -> None:
    """What the model is told is what people can read."""
    assert (
        f"{meaning.definition}\n\n> Client: {meaning.example_client}\n>\n> Reply: {meaning.example_reply}\n"
        in markdown()
    )


def test_the_page_in_the_repository_is_the_one_the_rubric_makes() -> None:
    """`python -m stream.contracts.rubric > docs/rubric.md` brings it up to date."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


def test_the_command_writes_the_page_and_nothing_else() -> None:
    """Its output can be sent straight into the file."""
    command = [sys.executable, "-m", "stream.contracts.rubric"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert answer.stdout.decode() == markdown()
    assert answer.stderr == b""
