"""`counterpoint study`: a question and tables in, three files out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.database.viewer import AccountRole
from stream.contracts.errors import Misconfigured
from tests.plugin.exports.samples import KEY, typed_record
from tests.plugin.samples import PASSWORD, TENANT, add_person, apply_records
from tests.plugin.studies.simulated import sessions, write
from tests.plugin.studies.test_report import TECHNIQUES


def test_a_study_says_what_it_shows_and_where_the_report_lies(tmp_path: Path) -> None:
    """The command prints how small the study is and what it shows, and writes page, figures and methods."""
    write(tmp_path, "sessions", sessions(75, 0.6))
    (tmp_path / "question.toml").write_text(TECHNIQUES)
    out = tmp_path / "report"
    arguments = ["study", "run", str(tmp_path / "question.toml"), "--tables", str(tmp_path), "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert result.output.startswith("n = 75 sessions.")
    assert "report.html" in result.output
    assert sorted(path.name for path in out.iterdir()) == ["methods.txt", "report.html", "report.json"]


def test_without_the_libraries_it_says_what_installs_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the libraries of studies are not installed, the command says which make target does that."""
    import sys

    monkeypatch.setitem(sys.modules, "plugin.studies.run", None)
    result = CliRunner().invoke(app, ["study", "run", "q.toml", "--tables", str(tmp_path), "--out", str(tmp_path)])
    assert isinstance(result.exception, Misconfigured)
    assert "make setup-studies" in str(result.exception)


def invoke(step: str, *arguments: str | Path) -> str:
    """Run a step of a trial with the committed question, and return what it says."""
    path = Path(__file__).parents[3] / "training" / "studies" / "questions" / "simulated-trial.toml"
    result = CliRunner().invoke(app, ["study", "trial", step, str(path), *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_trial_goes_from_a_plan_to_blind_sheets(tmp_path: Path) -> None:
    """The steps say how many people are needed, assign those of the list, and make sheets of the filled forms."""
    assert "Each group needs 42 people at the end" in invoke("plan", "--folder", tmp_path)
    with (tmp_path / "participants.csv").open("a") as file:
        file.writelines(f"p{number},blue\n" for number in range(4))
    assert "2 get feedback, 2 none." in invoke("assign", "--folder", tmp_path)
    form = tmp_path / "forms" / "p1-before.csv"
    form.write_text(form.read_text().replace(",\n", ",I hear you.\n").replace(",\r\n", ",I hear you.\r\n"))
    assert "6 replies are in rater-1.csv and rater-2.csv." in invoke("blind", "--folder", tmp_path)


def test_a_simulation_says_that_it_is_one(tmp_path: Path) -> None:
    """A simulated trial prints that it is one, and what to run next."""
    said = invoke("simulate", "--folder", tmp_path, "--people", "12", "--effect", "0.5")
    assert said.startswith("SIMULATED: 12 people, an effect of 0.5 SD.")


def test_a_trial_takes_no_other_question(tmp_path: Path) -> None:
    """The question of another study is refused by the steps of a trial."""
    (tmp_path / "question.toml").write_text(TECHNIQUES)
    arguments = ["study", "trial", "plan", str(tmp_path / "question.toml"), "--folder", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, Misconfigured)
    assert "another study than a trial" in str(result.exception)


def test_tables_say_what_to_run_next(
    create_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor types their password, gets a folder with both tables, and reads which command comes next."""
    url = create_database()
    upgrade(url)
    engine = connect(url)
    add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",), tenant=TENANT)
    for number in range(5):
        apply_records(engine, typed_record(f"c_{number}", counsellor=f"p_{number}"))
    for name, value in {
        "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
        "COUNTERPOINT_TENANTS": json.dumps({TENANT: {"pseudonym_key": KEY}}),
    }.items():
        monkeypatch.setenv(name, value)
    engine.dispose()
    out = tmp_path / "tables"
    arguments = ["study", "tables", "--by", "mara", "--purpose", "research", "--out", str(out)]
    done = CliRunner().invoke(app, arguments, input=PASSWORD + "\n")
    assert done.exit_code == 0, done.output
    assert f"5 sessions and 10 turns are in {out}" in done.output
    assert f"counterpoint study run question.toml --tables {out} --out report" in done.output
    assert sorted(path.name for path in out.iterdir()) == ["sessions.csv", "turns.csv"]
    again = CliRunner().invoke(app, arguments, input="")
    assert isinstance(again.exception, Misconfigured)
