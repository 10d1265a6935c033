"""The export commands ask for a purpose and a password, write one private file, and say what to do with it."""

import csv
import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.database.viewer import AccountRole
from plugin.exports.review_rows import COLUMNS
from plugin.studies.tables import read_table
from stream.contracts.errors import CounterpointError, Denied, Misconfigured
from tests.plugin.exports.samples import KEY, agree_with_all, entries, files_in, typed_record
from tests.plugin.samples import PASSWORD, SAID, TENANT, add_person, apply_records
from tests.plugin.sink.test_outcomes import outcome

REVIEWS = ("reviews", "--by", "mara", "--purpose", "model-quality")
TRAINING = ("training", "--by", "mara", "--purpose", "model-training")
OUTCOMES = ("outcomes", "--by", "mara", "--purpose", "research")
PERSON = ("person", "--person", "ana", "--by", "ana", "--purpose", "own-data")


@pytest.fixture(scope="module")
def engine(create_database: Callable[..., str]) -> Iterator[Engine]:
    """Yield a migrated database with a reviewed session, whose client agreed to secondary use."""
    url = create_database()
    upgrade(url)
    engine = connect(url)
    mara = add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",))
    add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana")
    sent = typed_record()
    apply_records(engine, sent, outcome())
    agree_with_all(engine, mara, sent)
    yield engine
    engine.dispose()


def run(engine: Engine, *arguments: str, typed: str = PASSWORD) -> Result:
    """Return the result of an export command, with the password from a pipe."""
    env = {
        "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
        "COUNTERPOINT_TENANTS": json.dumps({TENANT: {"pseudonym_key": KEY}}),
        "COLUMNS": "300",
        "NO_COLOR": "1",
    }
    return CliRunner().invoke(app, ["export", *arguments], input=typed + "\n", env=env)


def test_reviews_are_a_private_csv_file(engine: Engine, tmp_path: Path) -> None:
    """The file has a line of names and a row for each statement, is its owner's alone, and holds no word."""
    out = tmp_path / "reviews.csv"
    done = run(engine, *REVIEWS, "--out", str(out))
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(StringIO(out.read_text(), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert f"{len(rows)} rows are in {out}" in done.output
    assert "people's words" not in done.output
    assert out.stat().st_mode & 0o777 == 0o600
    assert files_in(tmp_path) == ["reviews.csv"]
    assert SAID[0] not in out.read_text()


def test_text_is_announced(engine: Engine, tmp_path: Path) -> None:
    """With the option the file has the words, and the output says that it holds them."""
    out = tmp_path / "reviews.jsonl"
    done = run(engine, *REVIEWS, "--out", str(out), "--with-text")
    assert "It holds people's words" in done.output
    assert json.loads(out.read_text().splitlines()[0])["client_turn"] == SAID[0]


def test_training_says_what_to_run_next(engine: Engine, tmp_path: Path) -> None:
    """The output names the command of the recipe with the file and the arm."""
    out = tmp_path / "exchanges.jsonl"
    done = run(engine, *TRAINING, "--out", str(out))
    assert f"python -m training.feedback prepare {out} --arm reasons" in done.output
    assert json.loads(out.read_text())["client"] == SAID[0]


def test_outcomes_are_the_table_of_sessions_that_studies_read(engine: Engine, tmp_path: Path) -> None:
    """The file is private, has a row for the session with an outcome, and is read as a table of sessions."""
    out = tmp_path / "sessions.csv"
    done = run(engine, *OUTCOMES, "--out", str(out))
    assert f"1 session is in {out}" in done.output
    assert out.stat().st_mode & 0o777 == 0o600
    assert read_table(tmp_path, "sessions").numbers("phq_9_after").tolist() == [11]


def test_a_person_gets_their_own_data(engine: Engine, tmp_path: Path) -> None:
    """A therapist's data are written as one JSON document."""
    out = tmp_path / "ana.json"
    assert run(engine, *PERSON, "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text())["about"]["user_name"] == "ana"


@pytest.mark.parametrize(
    ("command", "name"), [(REVIEWS, "a.csv"), (TRAINING, "a.jsonl"), (OUTCOMES, "a.csv"), (PERSON, "a.json")]
)
@pytest.mark.parametrize(
    "typed", ["", "wrong", PASSWORD[:-1], PASSWORD + " "], ids=["none", "wrong", "cut", "with a blank"]
)
def test_a_wrong_password_writes_nothing(
    engine: Engine, tmp_path: Path, command: tuple[str, ...], name: str, typed: str
) -> None:
    """Without the password of the person who is named there is no file and no entry of an export."""
    before = entries(engine)
    done = run(engine, *command, "--out", str(tmp_path / name), typed=typed)
    assert isinstance(done.exception, Denied)
    assert files_in(tmp_path) == []
    assert entries(engine) == before


@pytest.mark.parametrize(
    ("command", "purpose"),
    [(REVIEWS, "model-training"), (REVIEWS, "own-data"), (TRAINING, "model-quality"), (PERSON, "research")],
)
def test_each_export_has_its_own_purposes(
    engine: Engine, tmp_path: Path, command: tuple[str, ...], purpose: str
) -> None:
    """A purpose that does not belong to an export is refused with those that do, and so is none at all."""
    out = str(tmp_path / "a.csv")
    wrong = run(engine, *command, "--purpose", purpose, "--out", out)
    assert wrong.exit_code == 2
    assert command[-1] in wrong.output
    none = run(engine, *command[:-2], "--out", out)
    assert none.exit_code == 2
    assert "--purpose" in none.output
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    ("command", "name"),
    [(REVIEWS, "a.txt"), (TRAINING, "a.csv"), (PERSON, "a.jsonl"), (REVIEWS, "kept.csv"), (REVIEWS, "missing/a.csv")],
)
def test_a_file_that_cannot_be_made_is_refused_before_the_password(
    engine: Engine, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    """A wrong ending, a file that exists and a missing folder are sentences, whatever is typed, and change nothing."""
    (tmp_path / "kept.csv").write_text("kept")
    done = run(engine, *command, "--out", str(tmp_path / name), typed="wrong")
    assert isinstance(done.exception, Misconfigured)
    assert (tmp_path / "kept.csv").read_text() == "kept"
    assert files_in(tmp_path) == ["kept.csv"]


def test_errors_hold_no_words_and_no_password(engine: Engine, tmp_path: Path) -> None:
    """A refusal names neither what was typed nor a word of a session."""
    done = run(engine, "reviews", "--by", "ana", "--purpose", "research", "--out", str(tmp_path / "a.csv"))
    assert isinstance(done.exception, CounterpointError)
    for hidden in (PASSWORD, *SAID):
        assert hidden not in done.output + str(done.exception)
