"""Tests of the tables of FailedESConv, on a file that was made up for them."""

from pathlib import Path

from typer.testing import CliRunner

from stream.published import failed_esconv
from tests.stream.published.samples import CANARY, write
from training.studies.__main__ import app
from training.studies.published_rows import published_turn_rows, session_rows


def test_a_session_has_what_its_seeker_said(tmp_path: Path) -> None:
    """A row has the answers before and after; who did not answer has empty cells."""
    one, other = session_rows(failed_esconv.read(write(tmp_path, "failed-esconv")))
    assert (one["session"], one["emotion_before"], one["emotion_after"], one["empathy_after"]) == ("E1", 4, 5, 2)
    assert other == {"session": "E2", "client": "E2"}


def test_a_turn_has_its_strategy_or_its_mark(tmp_path: Path) -> None:
    """A counsellor's turn has the strategy that it mostly uses, and a client's the mark of the reply before."""
    rows = list(published_turn_rows(failed_esconv.read(write(tmp_path, "failed-esconv"))))
    assert [(row["session"], row["turn"], row["role"], row.get("code"), row.get("mark")) for row in rows] == [
        ("E1", 1, "counsellor", "questions", None),
        ("E1", 2, "client", None, 2),
        ("E1", 3, "counsellor", "self_disclosure", None),
        ("E1", 4, "client", None, None),
        ("E2", 1, "client", None, None),
    ]


def test_the_command_writes_two_tables_without_words(tmp_path: Path) -> None:
    """`published` writes sessions and turns, in which no word of a conversation is."""
    result = CliRunner().invoke(app, ["published", str(write(tmp_path, "failed-esconv")), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    written = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert set(written) == {"sessions.csv", "turns.csv"}
    assert not any(CANARY in text or "kiln" in text for text in written.values())
