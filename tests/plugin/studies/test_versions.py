"""The versions behind a study's numbers: said where there is one, refused where there are several without a reason."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from plugin.studies.run import run_study
from plugin.studies.versions import Versions, check_versions
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import sessions, table, techniques_question, turns_question, write

FIRST, SECOND = "1 (reader r1)", "2 (reader r1)"


def measured(*versions: str | None, **columns: list[Any]) -> pd.DataFrame:
    """Return sessions with a share of affirmation, each measured by a version."""
    numbers = [None if version is None else 0.5 for version in versions]
    frame = pd.DataFrame({"session": range(len(versions)), "share_affirmation": numbers})
    return frame.assign(technique_version=list(versions), **columns)


def asked(**changes: Any) -> Any:
    """Return a question about affirmation."""
    named = {"outcomes": [{"column": "rating_after"}], "predictors": [{"name": "share_affirmation"}]}
    return techniques_question(**(named | changes))


def rows_of(frame: pd.DataFrame, **changes: Any) -> Any:
    """Return the versions of the sessions of a frame."""
    return check_versions(asked(**changes), table(frame), None).rows


def test_one_version_is_counted_by_its_rows() -> None:
    """A version counts where it made a number; a session that was not measured has none."""
    assert rows_of(measured(FIRST, FIRST, None)) == {"sessions.csv": {"technique_version": {FIRST: 2}}}


def test_several_versions_are_refused_without_a_reason() -> None:
    """The refusal names table, versions and rows, and what to do."""
    with pytest.raises(Misconfigured) as caught:
        rows_of(measured(FIRST, FIRST, SECOND))
    said = str(caught.value)
    assert said.startswith(f"sessions.csv: technique version {FIRST} (2 rows) and {SECOND} (1 row).")
    assert "versions_mixed_because" in said


def test_a_question_may_say_why_they_stand_side_by_side() -> None:
    """With a reason the study runs, and keeps it; with one version alone there is nothing to say."""
    given = {"versions_mixed_because": "both were compared on the same sessions"}
    mixed = check_versions(asked(**given), table(measured(FIRST, SECOND)), None)
    assert mixed == Versions(
        {"sessions.csv": {"technique_version": {FIRST: 1, SECOND: 1}}}, given["versions_mixed_because"]
    )
    assert check_versions(asked(**given), table(measured(FIRST)), None).mixed_because is None


def test_versions_of_what_is_not_asked_about_do_not_matter() -> None:
    """A question about techniques is not refused because of two feedback models, nor of rows without its numbers."""
    frame = measured(FIRST, FIRST, mean_stance_alignment=[1, 2], model_version=["old", "new"])
    assert rows_of(frame) == {"sessions.csv": {"technique_version": {FIRST: 2}}}
    with pytest.raises(Misconfigured, match="model version new"):
        rows_of(frame, covariates=["mean_stance_alignment"])
    frame.loc[1, "mean_stance_alignment"] = None
    assert rows_of(frame, covariates=["mean_stance_alignment"])["sessions.csv"]["model_version"] == {"old": 1}


def test_a_table_that_names_no_version_says_nothing() -> None:
    """Labels of people have no version, and a table without the columns is taken as it is."""
    assert rows_of(measured(FIRST).drop(columns="technique_version")) == {}


def test_shares_are_of_the_turns_of_these_sessions() -> None:
    """Codes of turns count by their own version, and turns of sessions that are not in the table do not."""
    turns = pd.DataFrame({"session": [0, 0, 7], "code": ["minimal"] * 3, "technique_version": [FIRST, FIRST, SECOND]})
    question = asked(predictors=[{"name": "minimal", "share_of": ["minimal"]}])
    found = check_versions(question, table(measured(FIRST)), table(turns, "turns.csv"))
    assert found.rows == {"turns.csv": {"technique_version": {FIRST: 2}}}


def test_a_question_of_turns_goes_by_its_turns() -> None:
    """Outcomes, predictors, moderator and rules of a question of turns are looked at."""
    turns = pd.DataFrame({"session": [0, 0], "went_along": [0.5, 1.0], "detector_version": ["one", "two"]})
    with pytest.raises(Misconfigured, match=r"turns.csv: detector version one \(1 row\) and two \(1 row\)"):
        check_versions(turns_question(moderator="went_along"), None, table(turns, "turns.csv"))
    assert check_versions(turns_question(), None, table(turns, "turns.csv")).rows == {}


QUESTION = """
study = "techniques"
title = "Shares"
question = "Is it found?"
written_on = 2026-11-30
seed = 1
no_counsellors_because = "simulated"
versions_mixed_because = "both gave the same on a hundred sessions"
[[outcomes]]
column = "outcome"
[[predictors]]
name = "share_affirmation"
"""


@pytest.mark.parametrize("versions", [(FIRST,), (FIRST, SECOND)])
def test_the_report_says_by_which_versions(tmp_path: Path, versions: tuple[str, ...]) -> None:
    """Methods name each version and JSON counts its rows; where several are mixed the reason stands on top."""
    frame = sessions(60, 0.6).rename(columns={"reflection": "share_affirmation"})
    write(tmp_path, "sessions", frame.assign(technique_version=(list(versions) * 60)[:60]))
    (tmp_path / "question.toml").write_text(QUESTION)
    report = run_study(tmp_path / "question.toml", tmp_path, tmp_path, datetime(2026, 11, 30, tzinfo=UTC))
    words = f"{FIRST} (30 rows) and {SECOND} (30 rows)" if len(versions) > 1 else FIRST
    assert report.methods.endswith(f"The numbers were made by technique version {words} in sessions.csv.")
    rows = {"technique_version": dict.fromkeys(versions, 60 // len(versions))}
    assert report.figures["versions"] == {"sessions.csv": rows}
    assert ("both gave the same on a hundred sessions." in report.html()) == (len(versions) > 1)
