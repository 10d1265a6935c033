"""Tests of `counterpoint criteria`, run as an operator runs it: what it says, and what it does."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.database.tables import METADATA
from plugin.queue.criterion_views import CriterionAbout, CriterionScale
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.queue.criteria_samples import PACING_WORDS, TOLD

WORDS = [part for word in PACING_WORDS for part in ("--word", word)]


class Counterpoint:
    """The command with the database of a test."""

    def __init__(self, engine: Engine) -> None:
        self._environment = {
            "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
            "COLUMNS": "300",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def __call__(self, *arguments: str) -> Result:
        """Run `counterpoint criteria` with these arguments."""
        return CliRunner().invoke(app, ["criteria", *arguments], env=self._environment)

    def says(self, *arguments: str) -> str:
        """Run it, and return what it prints."""
        result = self(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output


@pytest.fixture
def criteria(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counterpoint:
    """Return the command with one criterion, in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    command = Counterpoint(engine)
    said = command.says(
        *("add", "told", "--question", TOLD.question, "--about", "session", "--scale", "yes_no", "--shared")
    )
    assert said == "told is asked of each session that is reviewed.\n"
    return command


def test_the_life_of_a_criterion(criteria: Counterpoint, store: Store) -> None:
    """A criterion is added, worded anew, moved, retired and asked again, and the list says how it stands."""
    said = criteria.says("add", "pacing", "--question", "Pacing", "--about", "moment", "--scale", "steps", *WORDS)
    assert said == "pacing is asked of each moment that is reviewed.\n"
    assert criteria.says("move", "pacing", "earlier") == "Asked in this order: pacing, told.\n"
    assert criteria.says("change", "told", "--question", "Told clearly?").startswith("told is asked as its version 2")
    told = store.criteria.named("told")
    assert (told.question, told.scale, told.shared, told.about) == (
        *("Told clearly?", CriterionScale.YES_NO, True),
        CriterionAbout.SESSION,
    )
    assert "`counterpoint criteria restore`" in criteria.says("retire", "told")
    lines = [" ".join(line.split()) for line in criteria.says("list").splitlines()[1:]]
    steps = " / ".join(f"{step} {word}" for step, word in enumerate(PACING_WORDS))
    assert lines == [
        f"pacing Pacing moment {steps} / Cannot say supervisors 1 asked",
        "told Told clearly? session Yes / No / Cannot say supervisors, counsellors 2 retired",
    ]
    assert criteria.says("restore", "told") == "told is asked again.\n"
    assert [each.name for each in store.criteria.entries() if not each.is_retired] == ["pacing", "told"]


def test_a_change_keeps_what_is_not_named(criteria: Counterpoint, store: Store) -> None:
    """A change keeps the question, the scale with its words, and the readers, unless it names another."""
    criteria.says("add", "pacing", "--question", "Pacing", "--about", "moment", "--scale", "steps", *WORDS)
    criteria.says("change", "pacing", "--shared")
    pacing = store.criteria.named("pacing")
    assert (pacing.question, pacing.words, pacing.shared) == ("Pacing", PACING_WORDS, True)
    criteria.says("change", "pacing", "--scale", "levels", "--not-shared")
    pacing = store.criteria.named("pacing")
    assert (pacing.version, pacing.scale, pacing.words, pacing.shared) == (3, CriterionScale.LEVELS, (), False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("add", "told", "--question", "Q", "--about", "moment", "--scale", "levels"),
            "criterion of this name already",
        ),
        (("add", "Told it", "--question", "Q", "--about", "moment", "--scale", "levels"), "small letters"),
        (("add", "x", "--question", " ", "--about", "moment", "--scale", "levels"), "A question: 1 to 300"),
        (("add", "x", "--question", "Q", "--about", "moment", "--scale", "steps"), "each of its 4 steps"),
        (("change", "told"), "worded already"),
        (("change", "told", "--word", "x"), "belong to a scale from 0 to 3"),
        (("change", "nobody", "--shared"), "`counterpoint criteria list` shows them"),
        (("move", "nobody", "earlier"), "no criterion of this name"),
        (("retire", "nobody"), "no criterion of this name"),
        (("restore", "nobody"), "no criterion of this name"),
    ],
)
def test_a_mistake_is_a_sentence_that_says_what_to_do(
    criteria: Counterpoint, engine: Engine, arguments: tuple[str, ...], sentence: str
) -> None:
    """A mistake is refused with a sentence that helps, and changes nothing."""
    tables = [table.name for table in METADATA.sorted_tables]
    before = count_rows(engine, *tables)
    result = criteria(*arguments)
    assert isinstance(result.exception, Misconfigured)
    assert sentence in str(result.exception)
    assert count_rows(engine, *tables) == before


def test_no_wording_steers_the_terminal(criteria: Counterpoint) -> None:
    """Markup in a question is printed as it is."""
    criteria.says("change", "told", "--question", "[bold red]Told?[/] :smile:")
    assert "[bold red]Told?[/] :smile:" in criteria.says("list")


def test_the_help_says_that_no_model_answers(criteria: Counterpoint) -> None:
    """The help of the commands says that people alone answer."""
    assert "people alone do, and no model" in " ".join(criteria.says("--help").split())
