"""The analysis of a trial, on simulated people: a known effect is found, and none where there is none."""

import csv
from pathlib import Path

import pytest

from plugin.studies.trial.analysis import TrialResult, run_trial_analysis
from plugin.studies.trial.simulation import simulate
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Mechanism
from tests.plugin.studies.trial.test_design import trial_question


def simulated(folder: Path, seed: int = 3, people: int = 60, effect: float = 0.0, leave: int = 0) -> TrialResult:
    """Return what the analysis finds in a simulated trial."""
    question = trial_question(seed=seed)
    simulate(question, folder, people, effect, leave)
    return run_trial_analysis(question, folder)[0]


def test_a_known_effect_is_found_in_every_mechanism(tmp_path: Path) -> None:
    """An effect of one SD of people is found as expected, and its interval does not hold nothing."""
    found = simulated(tmp_path, effect=1.0)
    assert [each.says(0.05) for each in found.effects] == ["higher, as expected"] * len(Mechanism)
    assert all(each.low is not None and each.low > 0 for each in found.effects)
    assert found.simulated


def test_no_effect_is_found_where_there_is_none(tmp_path: Path) -> None:
    """Of ten simulated trials without any effect at most two find one in one of four mechanisms."""
    found = [simulated(tmp_path / str(seed), seed=seed, people=40) for seed in range(10)]
    assert sum(any(each.is_told_apart(0.05) for each in one.effects) for one in found) <= 2


def test_who_leaves_is_counted_left_out_and_drawn(tmp_path: Path) -> None:
    """People who are gone afterwards are counted by group, left out, and the comparison is repeated with them."""
    found = simulated(tmp_path, effect=1.0, leave=9)
    assert sum(found.assigned.values()) - sum(found.finished.values()) == 9
    assert {each.rows for each in found.effects} == {51}
    assert {each.rows for each in found.imputed} == {60}
    assert {mean.people for mean in found.means} == set(found.finished.values())


def test_raters_agree_as_they_were_made_to_and_guess_by_chance(tmp_path: Path) -> None:
    """Simulated raters agree well and not fully, and guess by chance when a reply was written."""
    found = simulated(tmp_path)
    assert all(0.4 < each.value < 0.95 for each in found.agreement.values())
    assert found.guesses is not None
    assert found.guesses.low < 0.5 < found.guesses.high


def edit(path: Path, **changes: str) -> None:
    """Change columns of every row of a sheet."""
    with path.open(newline="") as file:
        rows = [row | changes for row in csv.DictReader(file)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_level_that_there_is_not_is_named_by_its_line(tmp_path: Path) -> None:
    """A level of 3 is refused with sheet and line; an empty one is missing."""
    simulated(tmp_path)
    edit(tmp_path / "rater-2.csv", stance_alignment="3")
    with pytest.raises(Misconfigured, match=r"rater-2\.csv, line 2: stance_alignment is 0, 1, 2 or empty"):
        run_trial_analysis(trial_question(), tmp_path)
    edit(tmp_path / "rater-2.csv", stance_alignment="", guess="")
    found, _ = run_trial_analysis(trial_question(), tmp_path)
    assert str(found.agreement["stance_alignment"].value) == "nan"
    assert found.guesses is not None, "the other rater guessed"


def test_a_mechanism_that_nobody_tells_apart_has_no_effect(tmp_path: Path) -> None:
    """Where everybody has one level, nothing is estimated, and that is said."""
    simulated(tmp_path)
    for rater in (1, 2):
        edit(tmp_path / f"rater-{rater}.csv", emotional_resonance="1")
    found, _ = run_trial_analysis(trial_question(), tmp_path)
    said = {each.outcome: each.says(0.05) for each in found.effects}
    assert said["emotional_resonance"] == "everybody has the same level"


def test_a_group_of_fewer_than_five_is_refused(tmp_path: Path) -> None:
    """Fewer than five people of a group who finished would be told by its mean, so there is no report."""
    with pytest.raises(Misconfigured, match="Fewer than 5 people of the"):
        simulated(tmp_path, people=10, leave=3)


def test_a_simulation_replaces_nothing(tmp_path: Path) -> None:
    """A simulated trial is refused in the folder of a real trial."""
    (tmp_path / "participants.csv").write_text("participant,stratum\nana,blue\n")
    with pytest.raises(Misconfigured, match="is there already"):
        simulated(tmp_path)
    assert "ana" in (tmp_path / "participants.csv").read_text()
