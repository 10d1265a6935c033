"""Each transcript of AnnoMI is read once, whichever of its two files lie in the folder."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.training.corpora.samples import COLUMNS, write_annomi
from training.corpora.annomi import annomi_transcripts
from training.corpora.transcripts import load_transcripts
from training.errors import DataError
from training.measures.counsellor_labels import load_codes
from training.studies.turn_rows import read_annomi

SAID = [("7", "https://video/1", "therapist", "Hello."), ("7", "https://video/1", "client", "Hi.")]


def write_table(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table into `annomi/`."""
    (folder / "annomi").mkdir(exist_ok=True)
    with (folder / "annomi" / name).open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def write_both(folder: Path) -> None:
    """Write one transcript in the simple layout, and in the full one with a row for each of two annotators."""
    labels = ("main_therapist_behaviour", "client_talk_type")
    simple = [(*SAID[0], "question", "n/a"), (*SAID[1], "n/a", "neutral")]
    write_table(folder, "AnnoMI-simple.csv", (*COLUMNS, *labels), simple)
    full = [(*row, annotator) for row in simple for annotator in ("1", "2")]
    write_table(folder, "AnnoMI-full.csv", (*COLUMNS, *labels, "annotator_id"), full)


def test_beside_the_simple_file_the_full_one_is_left(tmp_path: Path) -> None:
    """Turns, codes and rows of studies have each utterance once where both files lie in the folder."""
    write_both(tmp_path)
    (talk,) = load_transcripts(tmp_path)
    assert [turn.text for turn in talk.turns] == ["Hello.", "Hi."]
    assert load_codes(tmp_path, [talk]) == {"A7": {0: ("question",)}}
    (studied,) = read_annomi(tmp_path)
    assert [each.code for each in studied.utterances] == ["question", "neutral"]


def test_the_full_file_alone_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Without the simple file nothing is read, since the full one repeats utterances."""
    write_both(tmp_path)
    (tmp_path / "annomi" / "AnnoMI-simple.csv").unlink()
    with pytest.raises(DataError, match=r"AnnoMI-full\.csv is AnnoMI-full, .* read AnnoMI-simple\.csv: put that"):
        load_transcripts(tmp_path)


def test_a_copy_of_the_file_is_refused_with_both_names(tmp_path: Path) -> None:
    """A transcript in two files of the simple layout is an error that names both and what to do."""
    write_annomi(tmp_path, SAID)
    write_table(tmp_path, "copy.csv", COLUMNS, SAID)
    with pytest.raises(
        DataError, match=r"simple\.csv and .*copy\.csv both hold the conversation A7\. Take one of them out"
    ):
        annomi_transcripts(tmp_path)


def test_rows_of_a_transcript_need_not_stand_together(tmp_path: Path) -> None:
    """A transcript whose rows are apart in the file is still one."""
    write_annomi(tmp_path, [SAID[0], ("8", "https://video/2", "client", "Well."), SAID[1]])
    assert {number: len(rows) for number, rows in annomi_transcripts(tmp_path).items()} == {"7": 2, "8": 1}


@pytest.mark.parametrize("content", [b"transcript_id,\xff\n1,secret\n", b"transcript_id\n1\n"])
def test_a_file_that_is_no_table_of_annomi_is_named_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    """What cannot be read, or lacks a column, is an error with the file's name and no word of it."""
    (tmp_path / "annomi").mkdir()
    (tmp_path / "annomi" / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.csv (cannot be read|is no AnnoMI file)") as caught:
        annomi_transcripts(tmp_path)
    assert "secret" not in str(caught.value)
