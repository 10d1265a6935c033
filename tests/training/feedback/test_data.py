"""The training data are written and read in the documented columns, for their owner only and this prompt only."""

import json
import stat
from pathlib import Path

import pytest

from tests.training.feedback.samples import items
from training.errors import DataError
from training.feedback.data import Arm, arm_of, read_items, write_items


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Items that are written are read back, with the documented columns in each line."""
    made = items(tmp_path / "set.jsonl", 4)
    path = tmp_path / "new" / "data.jsonl"
    write_items(path, made)
    assert read_items(path) == made
    columns = [set(json.loads(line)) for line in path.read_text().splitlines()]
    assert columns == [{"instruction", "output", "session", "reviewers"}] * 4


def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    """The data file is readable by its owner alone."""
    write_items(tmp_path / "data.jsonl", items(tmp_path / "set.jsonl", 2))
    assert stat.S_IMODE((tmp_path / "data.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize("arm", Arm)
def test_the_data_tell_their_arm(arm: Arm, tmp_path: Path) -> None:
    """The data's arm follows from whether any line gives a reason."""
    assert arm_of(items(tmp_path / "set.jsonl", 3, arm)) is arm


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("output", "It was fine.", "line 2: it is no line of `prepare`"),
        ("session", "", "line 2: it is no line of `prepare`"),
        ("instruction", "Rate this diary.", "line 2: it was made for another prompt"),
    ],
)
def test_a_bad_line_is_told_by_its_number(column: str, value: str, said: str, tmp_path: Path) -> None:
    """A bad line is reported by its number, never by its text."""
    path = tmp_path / "data.jsonl"
    write_items(path, items(tmp_path / "set.jsonl", 2))
    first, second = path.read_text().splitlines()
    path.write_text("\n".join([first, json.dumps(json.loads(second) | {column: value})]))
    with pytest.raises(DataError) as told:
        read_items(path)
    assert said in str(told.value)
    assert "diary" not in str(told.value)


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"\xff"])
def test_a_file_that_is_no_data_is_told_in_a_sentence(content: bytes | None, tmp_path: Path) -> None:
    """A file that is missing, empty or not text is reported in a sentence."""
    path = tmp_path / "data.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read|is empty"):
        read_items(path)


def test_a_message_may_hold_every_line_separator(tmp_path: Path) -> None:
    """A message may contain U+2028 and similar characters, which do not end a line of JSON Lines."""
    made = [one.model_copy(update={"session": "s\u2028\x85-1"}) for one in items(tmp_path / "set.jsonl", 1)]
    write_items(tmp_path / "data.jsonl", made)
    assert read_items(tmp_path / "data.jsonl") == made
