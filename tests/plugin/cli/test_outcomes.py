"""`counterpoint outcomes import`: a dry run on a file, with the settings of an operator."""

import json
from pathlib import Path

from typer.testing import CliRunner

from plugin.cli import app
from stream.contracts.errors import Misconfigured
from tests.plugin.exports.samples import KEY
from tests.plugin.outcomes.test_file import GOOD, HEADER, written

ENV = {"COUNTERPOINT_TENANTS": json.dumps({"sample": {"pseudonym_key": KEY}}), "COLUMNS": "200", "NO_COLOR": "1"}


def test_a_dry_run_says_what_would_be_sent(tmp_path: Path) -> None:
    """The command counts outcomes by instrument and sends nothing with --dry-run."""
    path = written(tmp_path, HEADER, GOOD)
    result = CliRunner().invoke(app, ["outcomes", "import", str(path), "--tenant", "sample", "--dry-run"], env=ENV)
    assert result.exit_code == 0, result.output
    assert "1 outcome of 1 conversation: 1 phq_9." in result.output
    assert "Nothing was sent (--dry-run)." in result.output


def test_a_wrong_line_is_a_sentence(tmp_path: Path) -> None:
    """A wrong line ends the command with what it must hold."""
    path = written(tmp_path, HEADER, GOOD.replace("phq_9", "mood"))
    result = CliRunner().invoke(app, ["outcomes", "import", str(path), "--tenant", "sample"], env=ENV)
    assert isinstance(result.exception, Misconfigured)
    assert "line 2: instrument must be one of rating" in str(result.exception)
