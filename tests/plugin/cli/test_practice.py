"""Tests of the commands about written clients."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from plugin.replay.sources import load_source
from stream.contracts.errors import Misconfigured


def test_a_file_of_synthetic_sessions_is_written_once(tmp_path: Path) -> None:
    """The file can be replayed, the command says what is in it, and it writes over no other file."""
    out = tmp_path / "load.jsonl"
    arguments = ["practice", "synthesise", str(out), "--sessions", "5", "--manner", "poor"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "SYNTHETIC: 5 sessions" in result.output
    assert "5 left" in result.output
    assert len(load_source(out).conversations) == 5
    with pytest.raises(Misconfigured, match="name a new file"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_seed_decides_the_file(tmp_path: Path) -> None:
    """The same seed writes the same file, byte by byte; another seed writes another."""
    written = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        out = tmp_path / name
        CliRunner().invoke(app, ["practice", "synthesise", str(out), "--sessions", "2", "--seed", seed])
        written.append(out.read_bytes())
    assert written[0] == written[1] != written[2]
