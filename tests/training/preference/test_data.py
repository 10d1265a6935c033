"""Rated replies become pairs, and a group is on one side of the split."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stream.contracts.rubric import Principle
from tests.stream.published.samples import as_csv, as_lines
from tests.training.preference.samples import item, rated, write
from training.errors import DataError
from training.preference.data import (
    items_of,
    prompts_of,
    read_items,
    read_rated,
    short_items,
    split_items,
    write_items,
)


def published(chosen: int, rejected: int, safety: tuple[int, int] = (5, 5)) -> dict[str, Any]:
    """Return a row of the published data set, rated alike by all principles but safety."""
    names = ("empathy", "relevance", "clarity", "exploration", "autonomy", "staging")
    row: dict[str, Any] = {"ID": 7, "prefID": 1, "question": "Q", "chosen": "C", "rejected": "R", "chosen_model": "m"}
    for side, rating, safe in (("chosen", chosen, safety[0]), ("rejected", rejected, safety[1])):
        row |= {f"{side}_{name}_rating": rating for name in names} | {f"{side}_safety_rating": safe}
    return row


def test_all_twos_of_replies_that_are_far_enough_apart_are_pairs(tmp_path: Path) -> None:
    """Of three replies each two make a pair if their means differ by 1, the higher one preferred."""
    built = read_rated(write(tmp_path / "r", [rated(3, (1, 2, 4))]))
    assert [(pair.chosen.id, pair.rejected.id) for pair in built.pairs] == [("p3/3", "p3/1"), ("p3/3", "p3/2")]
    assert built.left_out == 1
    assert {(pair.group, pair.prompt) for pair in built.pairs} == {("g3", rated(3)["prompt"])}


def test_a_published_row_is_read(tmp_path: Path) -> None:
    """A row of the published data set is a pair of its own group, with `staging` as the stage of change."""
    (pair,) = read_rated(write(tmp_path / "r", [published(5, 3)])).pairs
    assert (pair.group, pair.prompt, pair.chosen.text, pair.rejected.text) == ("7", "Q", "C", "R")
    assert pair.chosen.ratings[Principle.STAGE_OF_CHANGE] == 5


def test_published_rows_whose_preferred_reply_is_less_safe_are_left_out(tmp_path: Path) -> None:
    """A published row whose chosen reply has the lower safety is no pair."""
    built = read_rated(write(tmp_path / "r", [published(5, 3, safety=(3, 4))]))
    assert (built.pairs, built.left_out) == ([], 1)


@pytest.mark.parametrize(
    "line",
    [
        "hidden words",
        "[]",
        json.dumps(rated(1) | {"replies": []}),
        json.dumps(rated(1) | {"replies": [{"text": "hidden", "ratings": {"empathy": 5}}] * 2}),
        json.dumps({"question": "hidden"}),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    """A line of another shape is named by file and number, without its text."""
    (tmp_path / "r").write_text(f"{json.dumps(rated(0))}\n{line}\n")
    with pytest.raises(DataError, match="line 2") as caught:
        read_rated(tmp_path / "r")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("form", [as_csv, as_lines, lambda rows: json.dumps(rows, indent=1)])
def test_the_published_data_set_is_read_in_every_form(tmp_path: Path, form: Callable[[list[Any]], str]) -> None:
    """PsychoCounsel-Preference is recognised as a table, as lines and as an array, and is named as the source."""
    (tmp_path / "r").write_text(form([published(5, 3), published(3, 3) | {"prefID": 2}]))
    built = read_rated(tmp_path / "r")
    assert [pair.chosen.id for pair in built.pairs] == ["7-1/1"]
    assert (built.left_out, built.corpus) == (1, "psychocounsel")


def test_a_wrong_row_of_the_published_data_set_says_what_it_lacks(tmp_path: Path) -> None:
    """A row of the data set that lacks a rating is named by its line, with the column."""
    row = published(5, 3)
    del row["rejected_staging_rating"]
    with pytest.raises(DataError, match="line 2: it lacks rejected_staging_rating of PsychoCounsel-Preference"):
        read_rated(write(tmp_path / "r", [published(5, 3), row]))


def test_pairs_are_read_as_they_were_written(tmp_path: Path) -> None:
    """The file of pairs can be read back, and by its owner alone."""
    items = items_of(read_rated(write(tmp_path / "r", [rated(1)])).pairs)
    write_items(tmp_path / "pairs", items)
    assert read_items(tmp_path / "pairs") == items
    assert stat.S_IMODE((tmp_path / "pairs").stat().st_mode) == 0o600
    assert items[0].id == "p1/2 p1/1"


@pytest.mark.parametrize(("text", "said"), [("", "is empty"), ('{"id": "hidden"}', "line 1: it is no line")])
def test_a_file_that_prepare_did_not_write_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """An empty file and lines of another shape are refused in a sentence without their text."""
    (tmp_path / "pairs").write_text(text)
    with pytest.raises(DataError, match=said) as caught:
        read_items(tmp_path / "pairs")
    assert "hidden" not in str(caught.value)


def test_a_fifth_of_the_groups_is_held_out() -> None:
    """No group is on both sides, a fifth is held out, and the seed alone decides which."""
    items = [item(number) for number in range(20)]
    learned, held_out = split_items(items, 1)
    assert {one.group for one in learned}.isdisjoint({one.group for one in held_out})
    assert (len(learned), len(held_out)) == (16, 4)
    assert split_items(items, 1) == (learned, held_out)
    assert split_items(items, 2) != (learned, held_out)


def test_one_group_cannot_be_split() -> None:
    """A single group leaves nothing to be measured on."""
    with pytest.raises(DataError, match="two groups"):
        split_items([item(0), item(1)], 0)


def test_a_prompt_is_asked_once() -> None:
    """Prompts of several pairs stand once, in order."""
    assert prompts_of([item(2), item(0), item(1)]) == ["Turn 1.", "Turn 0."]


def test_under_a_limit_long_replies_are_not_preferred() -> None:
    """Pairs whose preferred reply has more words than the limit are left out; the other may be long."""
    items = [item(0, chosen="one two"), item(1, chosen="one two three"), item(2, "one", rejected="a b c d")]
    assert [one.id for one in short_items(items, 2)] == ["0", "2"]


def test_texts_stay_out_of_repr() -> None:
    """The representation of a pair shows no text."""
    assert "Good" not in repr(item(0))
    assert "Turn" not in repr(item(0))
