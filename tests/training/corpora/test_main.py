"""`python -m training.corpora` counts the exchanges, names copies, takes them out, and says how far raters agree."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from stream.contracts.vocabulary import Mechanism
from tests.training.corpora.samples import exchange, reply, write_exchanges
from training.corpora.__main__ import app, main
from training.corpora.written import load_written


def rubric_reply() -> str:
    """Return an example reply of the rubric."""
    from stream.contracts.rubric import RUBRIC

    return next(iter(next(iter(RUBRIC.values())).levels.values())).examples[0].reply


def check(folder: Path, *options: str) -> tuple[int, str]:
    """Return the exit status of the command and what it said."""
    result = CliRunner().invoke(app, ["check", "--folder", str(folder), *options])
    return result.exit_code, result.output


def test_exchanges_are_counted_by_writer(tmp_path: Path) -> None:
    """The command counts turns, look-alikes, critical content and replies, by writer and in all."""
    write_exchanges(tmp_path / "w", exchange("Y-001"), name="Y.jsonl")
    harmless = exchange(
        "Z-001", client=["on friday we drove to the coast"], label="none", lookalike="refusal", replies=[], better=""
    )
    write_exchanges(tmp_path / "w", harmless)
    status, said = check(tmp_path / "w")
    assert status == 0
    assert "2 exchanges, 0 of them copies" in said
    rows = [line.replace("│", " ").replace("┃", " ").split() for line in said.splitlines()]
    assert ["Y", "1", "1", "0", "0", "0", "2"] in rows
    assert ["Z", "1", "0", "1", "0", "0", "0"] in rows
    assert ["all", "2", "1", "1", "0", "0", "2"] in rows


def test_a_copy_is_named_and_taken_out_where_asked(tmp_path: Path) -> None:
    """A copy ends the command with status 1; with `--remove` its line is taken out and the others stay as they were."""
    folder = write_exchanges(
        tmp_path / "w", exchange("Z-001"), exchange("Z-002", client=["i went home"], replies=[reply(rubric_reply())])
    )
    before = (folder / "Z.jsonl").read_text().splitlines()
    status, said = check(folder)
    assert status == 1
    assert "Z-002 shares" in said
    assert "with rubric" in said
    assert check(folder, "--remove")[0] == 0
    assert (folder / "Z.jsonl").read_text().splitlines() == before[:1]
    assert [each.id for each in load_written(folder)] == ["Z-001"]
    assert check(folder)[0] == 0


def test_the_shipped_exchanges_hold_no_copy() -> None:
    """No shipped exchange repeats another one or an evaluation set."""
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0, result.output


def test_the_agreement_of_two_raters_is_printed_by_mechanism() -> None:
    """The command prints the number of replies, the share of equal levels and kappa, a row for each mechanism."""
    result = CliRunner().invoke(app, ["agreement"])
    assert result.exit_code == 0, result.output
    rows = [line.replace("│", " ").split() for line in result.output.splitlines()]
    assert {row[0]: len(row) for row in rows if row and row[0] in set(Mechanism)} == dict.fromkeys(Mechanism, 4)


def test_an_error_in_the_data_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without exchanges ends the command with a sentence."""
    monkeypatch.setattr("sys.argv", ["training.corpora", "check", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"error: .* holds no written exchange"):
        main()
