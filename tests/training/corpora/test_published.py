"""Tests of published corpora as the recipes read them, on files that were made up for them."""

from pathlib import Path

import pytest

from tests.stream.published.samples import write
from training.corpora.published import read_conversations, read_published
from training.errors import DataError


def test_a_folder_gives_the_files_of_a_corpus_and_leaves_the_rest(tmp_path: Path) -> None:
    """In a folder the files with a corpus's names are read; metadata and notes are left."""
    (tmp_path / "conversations").mkdir()
    write(tmp_path / "conversations", "thousand-voices")
    (tmp_path / "12_P10_metadata.json").write_text("{}")
    assert [each.name for each in read_conversations("thousand-voices", tmp_path)] == ["12-P10"]
    assert len(read_conversations("failed-esconv", write(tmp_path, "failed-esconv"))) == 2


def test_a_conversation_is_in_one_file(tmp_path: Path) -> None:
    """A copy of a corpus's file beside it is refused, with both names and what to do."""
    original = write(tmp_path, "failed-esconv")
    (tmp_path / "copy.json").write_bytes(original.read_bytes())
    with pytest.raises(DataError, match=r"ESConv\.json and \S+copy\.json both hold the conversation 1\. Take one"):
        read_conversations("failed-esconv", tmp_path)


def test_an_error_of_a_reader_is_one_of_the_data(tmp_path: Path) -> None:
    """What a reader refuses, and a file that is not there, is an error of the data with the place."""
    with pytest.raises(DataError, match=r"^FailedESConv\.json: it is no list"):
        read_conversations("failed-esconv", write(tmp_path, "failed-esconv", "{}"))
    with pytest.raises(DataError, match="cannot be read"):
        read_published(tmp_path / "nowhere", lambda path: path.read_bytes())
    with pytest.raises(DataError, match="holds no file of thousand-voices"):
        read_conversations("thousand-voices", tmp_path)


def test_an_unknown_corpus_names_the_known_ones(tmp_path: Path) -> None:
    """A name that no corpus of conversations has is answered with those that there are."""
    with pytest.raises(DataError, match="Known: thousand-voices, failed-esconv"):
        read_conversations("oncoco", tmp_path)
