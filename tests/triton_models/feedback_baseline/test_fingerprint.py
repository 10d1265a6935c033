"""The fingerprint is one hash over the files of the baseline."""

from pathlib import Path

import pytest

from tests.triton_models.feedback_baseline.loading import baseline


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two files of rules."""
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "b.toml").write_text("2")
    return tmp_path


def fingerprint(folder: Path) -> str:
    """The baseline's own function."""
    found: str = baseline().fingerprint(folder)
    return found


def test_the_same_files_are_the_same_model(folder: Path) -> None:
    """The same files give the same fingerprint, whatever else lies beside them."""
    before = fingerprint(folder)
    (folder / "__pycache__").mkdir()
    (folder / "notes.txt").write_text("3")
    assert fingerprint(folder) == before


@pytest.mark.parametrize(("name", "text"), [("a.py", "2"), ("b.toml", "1"), ("c.py", ""), ("c.json", "")])
def test_another_file_is_another_model(folder: Path, name: str, text: str) -> None:
    """A changed or added file gives another fingerprint, so that the model must be checked again."""
    before = fingerprint(folder)
    (folder / name).write_text(text)
    assert fingerprint(folder) != before


def test_a_file_under_another_name_is_another_model(folder: Path) -> None:
    """Names count: they say what is loaded."""
    before = fingerprint(folder)
    (folder / "a.py").rename(folder / "c.py")
    assert fingerprint(folder) != before
