"""`python -m training.studies tables` writes a folder of tables for each corpus."""

import csv
import json
from pathlib import Path

from typer.testing import CliRunner

from tests.training.studies.test_session_rows import write_outcomes
from tests.training.studies.test_turn_rows import write_annomi
from training.studies.__main__ import app, write_table

SECRET = "nobody else may read this"


def test_tables_hold_numbers_and_no_text(tmp_path: Path) -> None:
    """The tables of both corpora are written, and no word of a conversation is in them."""
    write_annomi(tmp_path)
    write_outcomes(tmp_path)
    (tmp_path / "mibot" / "transcripts").mkdir()
    said = [{"speaker": who, "text": SECRET, "auto_misc_label": "Q"} for who in ("counsellor", "client")]
    (tmp_path / "mibot" / "transcripts" / "p.json").write_text(json.dumps({"participant_id": "p", "utterances": said}))
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["tables", str(tmp_path), str(out)])
    assert result.exit_code == 0
    written = {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.csv")}
    assert set(written) == {"annomi/remarks.csv", "annomi/turns.csv", "mibot/sessions.csv", "mibot/turns.csv"}
    assert "Hello there" in written.pop("annomi/remarks.csv"), "a map of topics needs words"
    assert not any(SECRET in text or "Hello" in text for text in written.values())


def test_a_column_that_a_row_lacks_is_empty(tmp_path: Path) -> None:
    """Rows with different columns make one table, with empty cells."""
    write_table(tmp_path / "new" / "x.csv", [{"a": 1}, {"b": 2.5, "a": None}])
    with (tmp_path / "new" / "x.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"a": "1", "b": ""}, {"a": "", "b": "2.5"}]
