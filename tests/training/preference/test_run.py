"""A run is gone on with by the same settings alone, and a stage waits for those it builds on."""

from pathlib import Path

import pytest

from training.errors import DataError
from training.preference.run import DONE, RunRecord, Stage, check_needs, finished_stages, open_run, read_run
from training.preference.settings import Recipe

RECORD = RunRecord(base_model="some/Model", data_sha256="0" * 64, recipe=Recipe())


def finish(folder: Path, *stages: Stage) -> None:
    """Mark stages as finished."""
    for stage in stages:
        (folder / stage).mkdir(parents=True)
        (folder / stage / DONE).write_text("{}")


def test_the_same_settings_go_on(tmp_path: Path) -> None:
    """A run that was begun may be opened again with the same record."""
    open_run(tmp_path / "run", RECORD)
    open_run(tmp_path / "run", RECORD)
    assert read_run(tmp_path / "run") == RECORD


def test_other_settings_are_refused(tmp_path: Path) -> None:
    """A run is not gone on with by another seed."""
    open_run(tmp_path / "run", RECORD)
    with pytest.raises(DataError, match="other data or settings"):
        open_run(tmp_path / "run", RECORD.model_copy(update={"recipe": Recipe(seed=1)}))


def test_a_folder_without_a_record_is_no_run(tmp_path: Path) -> None:
    """A folder that `train` did not make is refused in a sentence."""
    with pytest.raises(DataError, match="is no run of `train`"):
        read_run(tmp_path)


def test_an_online_round_needs_its_judge_and_the_policy_before_it(tmp_path: Path) -> None:
    """The first stage that is missing is named; offline stages and the reward model need none."""
    for stage in (Stage.REWARD, Stage.OFFLINE, Stage.OFFLINE_SHORT):
        check_needs(tmp_path, stage)
    with pytest.raises(DataError, match="online needs reward"):
        check_needs(tmp_path, Stage.ONLINE)
    finish(tmp_path, Stage.REWARD, Stage.OFFLINE)
    check_needs(tmp_path, Stage.ONLINE)
    with pytest.raises(DataError, match="online-short needs offline-short"):
        check_needs(tmp_path, Stage.ONLINE_SHORT)


def test_finished_stages_stand_in_the_order_of_training(tmp_path: Path) -> None:
    """Stages are told in the order in which they are trained, and by their marks alone."""
    finish(tmp_path, Stage.ONLINE, Stage.REWARD)
    (tmp_path / Stage.OFFLINE).mkdir()
    assert finished_stages(tmp_path) == [Stage.REWARD, Stage.ONLINE]
