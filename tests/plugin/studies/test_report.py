"""The reports of studies: small numbers said aloud, everything escaped, the same figures for people and programs."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugin.plain_text import SCOPE
from plugin.studies.report import Report
from plugin.studies.run import run_study
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import sessions, turns, write

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TECHNIQUES = """
study = "techniques"
title = "A <b>title</b>"
question = "Is it found?"
written_on = 2026-11-30
seed = 1
known = ["Simulated & called so."]
no_counsellors_because = "simulated"
[[outcomes]]
column = "outcome"
before = "before"
[[predictors]]
name = "reflection"
expected = "higher"
[[predictors]]
name = "question"
"""
TURNS = """
study = "turns"
title = "Turns"
question = "Is it found?"
written_on = 2026-11-30
seed = 1
moderator = "rapport"
no_counsellors_because = "simulated"
[[outcomes]]
column = "words"
[[outcomes]]
column = "resists"
binary = true
[[predictors]]
name = "asks"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with simulated tables and two questions."""
    made = tmp_path_factory.mktemp("study")
    write(made, "sessions", sessions(75, 0.6, seed=3))
    write(made, "turns", turns(40, 21, 0.8))
    (made / "techniques.toml").write_text(TECHNIQUES)
    (made / "turns.toml").write_text(TURNS)
    return made


@pytest.fixture(scope="module")
def techniques(folder: Path) -> Report:
    """The report about the sessions."""
    return run_study(folder / "techniques.toml", folder, folder, NOW)


@pytest.fixture(scope="module")
def of_turns(folder: Path) -> Report:
    """The report about the turns."""
    return run_study(folder / "turns.toml", folder, folder, NOW)


def test_how_small_it_is_stands_before_what_it_shows(techniques: Report, of_turns: Report) -> None:
    """The number of sessions, what it could find, and what is known of the data stand above the answer."""
    page = techniques.html()
    assert page.index("n = 75 sessions") < page.index("Simulated &amp; called so.") < page.index("What it shows")
    assert "from about 0.32 SD on, and from 0.35 SD on after correction for 2 tests" in page
    assert "n = 40 sessions in 40 groups, with 400 pairs of turns" in of_turns.html()


def test_what_was_found_and_what_was_not_is_said(techniques: Report, of_turns: Report) -> None:
    """A found effect is said with its size and interval, and so is how many others were not told apart from none."""
    assert techniques.answer[0].startswith("Where there is more reflection, outcome is higher, as expected: 0.")
    assert techniques.answer[1] == "1 of 2 effects could not be told apart from none."
    assert of_turns.answer[-1].startswith("rapport changes ")


def test_everything_is_escaped_and_nothing_is_loaded(techniques: Report, of_turns: Report) -> None:
    """Text of the question is escaped, and the page has no script and nothing from outside."""
    assert "A &lt;b&gt;title&lt;/b&gt;" in techniques.html()
    for page in (techniques.html(), of_turns.html()):
        assert not re.search(r"<script|<link|src=|https?://(?!www\.w3\.org)", page)


def test_charts_hold_the_intervals_of_the_tables(techniques: Report, of_turns: Report) -> None:
    """Each table of effects has a chart with its predictors and a line of no effect."""
    chart = str(techniques.tables[0].chart)
    assert chart.startswith("<svg")
    assert 'aria-hidden="true"' in chart
    assert chart.count('class="series serie-') >= 3
    assert all(name in chart for name in ("reflection", "question"))
    assert sum(table.chart is not None for table in of_turns.tables) == 2


def test_methods_say_what_was_done(techniques: Report, of_turns: Report) -> None:
    """The paragraph names the models, what was held constant, the correction, what was missing and left out."""
    assert "Least squares with HC3" in techniques.methods
    assert "no clients or counsellors" in techniques.methods
    assert "Held constant: before for outcome." in techniques.methods
    assert "Holm\u2019s correction for 2 tests" in techniques.methods
    assert "No session lacks a value." in techniques.methods
    assert "with rapport as moderator" in of_turns.methods
    assert "Mancl and DeRouen" in of_turns.methods


def test_programs_get_every_figure_with_where_it_comes_from(techniques: Report, tmp_path: Path) -> None:
    """The JSON has unrounded effects, the hashes of question and tables, and the versions of the libraries."""
    techniques.write(tmp_path)
    read = json.loads((tmp_path / "report.json").read_text())
    assert len(read["question_sha256"]) == 64
    assert read["sources"][0]["name"] == "sessions.csv"
    assert read["figures"]["effects"][0]["value"] == techniques.figures["effects"][0]["value"]
    assert "statsmodels" in read["libraries"]
    assert "svg" not in json.dumps(read)
    assert (tmp_path / "methods.txt").read_text().strip() == techniques.methods
    assert SCOPE in (tmp_path / "report.html").read_text()


def test_the_same_question_gives_the_same_report(folder: Path, techniques: Report) -> None:
    """Nothing of a report depends on when or how often it is made, but the time that it states."""
    again = run_study(folder / "techniques.toml", folder, folder, NOW)
    assert again.model_dump_json() == techniques.model_dump_json()
    assert again.html() == techniques.html()


def test_a_folder_that_cannot_be_written_is_a_sentence(techniques: Report, tmp_path: Path) -> None:
    """A report that cannot be written is an error in one sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot be written"):
        techniques.write(tmp_path / "file")
