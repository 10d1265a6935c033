"""The folder of a run: `run.json` says what was trained on what, for resuming, evaluating and packaging.

RUN/run.json        this record
RUN/fold-0 ... 4    one model a fold, for the figures: model/, done.json, answers.jsonl
RUN/final           the model to serve, trained on all sessions: model/, done.json
RUN/evaluation.*    figures; RUN/MODEL_CARD.md
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from stream.contracts.rubric import RUBRIC_VERSION
from stream.feedback.models.answer import SCHEMA_VERSION
from stream.feedback.models.prompt import PROMPT_VERSION
from training.errors import DataError
from training.feedback.data import MECHANISMS, Arm, Item, arm_of, levels_of
from training.feedback.settings import Recipe

FILE: Final = "run.json"
FINAL: Final = "final"


class RunRecord(BaseModel):
    """The settings that decide a run's result, and the parts that exist."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    base_model: str
    arm: Arm
    recipe: Recipe
    prompt_version: str = PROMPT_VERSION
    rubric: str = RUBRIC_VERSION
    schema_version: str = SCHEMA_VERSION
    data_sha256: str
    items: int
    sessions: int
    reviewed_by_several: int
    """How many items have levels that two people or more gave."""
    levels: dict[str, tuple[int, int, int]]
    """How often each level is given, by mechanism."""
    weights: str | None = None
    """The folder of the model to serve, beside this file; None until that model is trained."""

    @classmethod
    def of(cls, items: Sequence[Item], data_sha256: str, base_model: str, recipe: Recipe) -> "RunRecord":
        """Return the record of a run that begins."""
        given = [levels_of(item.answer) for item in items]
        return cls(
            base_model=base_model,
            arm=arm_of(items),
            recipe=recipe,
            data_sha256=data_sha256,
            items=len(items),
            sessions=len({item.session for item in items}),
            reviewed_by_several=sum((item.reviewers or 1) > 1 for item in items),
            levels={
                mechanism: _level_counts([sum(levels[place] == level for levels in given) for level in range(3)])
                for place, mechanism in enumerate(MECHANISMS)
            },
        )


class TrainingResult(BaseModel):
    """The result of training one part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: int
    """How many items the training part has before oversampling."""
    drawn: int
    """How many items the training part has after oversampling."""
    too_long: int
    """How many items were left out because they do not fit into the cutoff."""
    steps: int
    best_eval_loss: float
    seconds: float
    """The duration of the call that finished the training."""
    resumed_from_step: int
    tokens: int
    """How many tokens the model read in all steps, prompts included and padding not."""
    device: str
    peak_bytes: int
    """The most memory of the device in use: the GPU's, or that of the process where the processor trains."""

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens read a second, the looks at the loss included; None if the time of an earlier call is not known."""
        return None if self.resumed_from_step else self.tokens / self.seconds


def open_run(folder: Path, wanted: RunRecord) -> RunRecord:
    """Begin a run, or resume one that was begun with the same settings.

    Raises:
        DataError: the folder holds a run of something else, or cannot be written.
    """
    if not (folder / FILE).exists():
        save_run(folder, wanted)
        return wanted
    found = read_run(folder)
    if found.model_copy(update={"weights": None}) != wanted:
        raise DataError(f"{folder} holds a run with other data or settings. Begin in another folder.")
    return found


def read_run(folder: Path) -> RunRecord:
    """Return the record of the run in a folder.

    Raises:
        DataError: the folder holds no record of this version.
    """
    try:
        return RunRecord.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        raise DataError(f"{folder} is no run of `train` of this version.") from None


def save_run(folder: Path, run: RunRecord) -> None:
    """Write the record of a run into its folder.

    Raises:
        DataError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / FILE).write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}.") from None


def read_result(part: Path) -> TrainingResult | None:
    """Return the result of training a part; None if it is not finished."""
    path = part / "done.json"
    return TrainingResult.model_validate(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _level_counts(counts: list[int]) -> tuple[int, int, int]:
    none, weak, strong = counts
    return none, weak, strong
