"""The folder of a run, and what each of its stages left there.

RUN/run.json         data, base model and settings: another call must have the same
RUN/reward           the reward model: model/, done.json
RUN/offline          the policy after the pairs; RUN/online after a round of its own replies, judged by the reward model
RUN/offline-short    the same two under the length limit, and RUN/online-short
RUN/*/replies.jsonl  what a policy replied, and its scores: people's words may stand in them
"""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from training.errors import DataError
from training.preference.settings import Recipe

FILE = "run.json"
DONE = "done.json"


class Stage(StrEnum):
    """A model of a run, in the order of training."""

    REWARD = "reward"
    OFFLINE = "offline"
    ONLINE = "online"
    OFFLINE_SHORT = "offline-short"
    ONLINE_SHORT = "online-short"

    @property
    def is_short(self) -> bool:
        """Whether the length limit holds."""
        return self in {Stage.OFFLINE_SHORT, Stage.ONLINE_SHORT}

    @property
    def needs(self) -> "tuple[Stage, ...]":
        """The stages that must be finished before."""
        before = {
            Stage.ONLINE: (Stage.REWARD, Stage.OFFLINE),
            Stage.ONLINE_SHORT: (Stage.REWARD, Stage.OFFLINE_SHORT),
        }
        return before.get(self, ())


class RunRecord(BaseModel):
    """What decides a run's result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    base_model: str
    data_sha256: str
    recipe: Recipe


class StageResult(BaseModel):
    """The result of a stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs: int
    too_long: int
    """Pairs left out because they do not fit into the cutoff."""
    steps: int
    loss: float
    """Over the training pairs, averaged over the call that finished the stage."""
    resumed_from_step: int


def open_run(folder: Path, wanted: RunRecord) -> None:
    """Begin a run, or go on with one that was begun with the same data, model and settings.

    Raises:
        DataError: the folder holds another run, or cannot be written.
    """
    if (folder / FILE).exists():
        if read_run(folder) != wanted:
            raise DataError(f"{folder} holds a run with other data or settings. Begin in another folder.")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / FILE).write_text(wanted.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}.") from None


def read_run(folder: Path) -> RunRecord:
    """Return the record of a run.

    Raises:
        DataError: the folder holds none of this version.
    """
    try:
        return RunRecord.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        raise DataError(f"{folder} is no run of `train` of this version.") from None


def finished_stages(folder: Path) -> list[Stage]:
    """Return the stages that are finished, in order."""
    return [stage for stage in Stage if (folder / stage / DONE).exists()]


def check_needs(folder: Path, stage: Stage) -> None:
    """Check that what a stage builds on is there.

    Raises:
        DataError: a stage before it is not finished.
    """
    missing = [need for need in stage.needs if not (folder / need / DONE).exists()]
    if missing:
        raise DataError(f"{stage} needs {missing[0]}, which is not finished in {folder}: train it first.")
