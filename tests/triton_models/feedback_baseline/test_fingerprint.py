"""The fingerprint is one hash over the files of the baseline and of the reader."""

from pathlib import Path

import pytest

from tests.triton_models.feedback_baseline.loading import VERSION_FOLDER, baseline, part


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a baseline with code and a list, beside a reader with code and a graph."""
    own, reader = tmp_path / "feedback_baseline" / "1", tmp_path / "reader" / "1"
    for each in (own, reader):
        each.mkdir(parents=True)
        (each / "a.py").write_text("1")
    (own / "b.json").write_text("2")
    (reader / "reader.onnx").write_text("3")
    return own


def fingerprint(folder: Path) -> str:
    """The baseline's own function."""
    found: str = baseline().fingerprint(folder)
    return found


def test_the_same_files_are_the_same_model(folder: Path) -> None:
    """The same files give the same fingerprint, whatever else lies beside them."""
    before = fingerprint(folder)
    (folder / "__pycache__").mkdir()
    (folder / "notes.txt").write_text("3")
    (folder.parent / "config.pbtxt").write_text("4")
    assert fingerprint(folder) == before


@pytest.mark.parametrize("part_of", ["feedback_baseline", "reader"])
@pytest.mark.parametrize(("name", "text"), [("a.py", "2"), ("c.py", ""), ("c.json", ""), ("c.npy", ""), ("c.onnx", "")])
def test_another_file_is_another_model(folder: Path, part_of: str, name: str, text: str) -> None:
    """A changed or added file of either gives another fingerprint, so that the model must be checked again."""
    before = fingerprint(folder)
    (folder.parents[1] / part_of / "1" / name).write_text(text)
    assert fingerprint(folder) != before


def test_a_file_under_another_name_is_another_model(folder: Path) -> None:
    """Names count: they say what is loaded."""
    before = fingerprint(folder)
    (folder / "a.py").rename(folder / "c.py")
    assert fingerprint(folder) != before


def test_every_file_of_the_two_models_counts() -> None:
    """No file that is shipped lies outside the fingerprint."""
    for folder in (VERSION_FOLDER, part("fingerprint").reader_folder(VERSION_FOLDER)):
        shipped = [path.suffix for path in folder.iterdir() if path.is_file()]
        assert set(shipped) <= part("fingerprint")._READ
        assert shipped
