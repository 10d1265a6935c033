"""The training settings of a run. Defaults are the published settings of arXiv 2602.21638.

[R]: the authors' own repository; [D]: a digest of the paper; "ours": not published, chosen here.
"""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from training.feedback.data import Arm

BASE_MODEL: Final = "meta-llama/Llama-3.1-8B-Instruct"  # [R]
FOLDS: Final = 5  # [R]


class Method(StrEnum):
    """The weights that are trained: all of them, or a LoRA adapter."""

    FULL = "full"
    LORA = "lora"


class PromptPart(StrEnum):
    """The part of our prompt that the model reads."""

    WHOLE = "whole"
    """All of it, as the vLLM backend passes it on."""
    EXCHANGE = "exchange"
    """The exchange and the reminder after it, without instructions and examples: for small models and slow machines."""


class Recipe(BaseModel):
    """The settings that decide a run's result besides data and base model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    learning_rate: float = Field(gt=0)
    epochs: float = Field(gt=0)
    batch: int = Field(default=2, ge=1)  # [R], a device
    accumulation: int = Field(default=4, ge=1)  # [R]; with the authors' four GPUs 32 items a step, with one GPU 8
    cutoff: int = Field(default=8192, ge=1)  # [R], tokens
    warmup: float = Field(default=0.1, ge=0, lt=1)  # [R], share of all steps; the schedule is a cosine [R]
    rank: int = Field(default=16, ge=1)  # [R], of LoRA, on all linear layers [R]
    alpha: int = Field(default=32, ge=1)  # ours: twice the rank; the authors set none
    eval_steps: int = Field(default=10, ge=1)  # [D], and the checkpoint with the lowest loss is kept [D]
    prompt: PromptPart = PromptPart.WHOLE  # ours
    at_most: int | None = Field(default=None, ge=2)  # ours: exchanges to learn from, for a trial without a GPU
    seed: int = 0  # ours


def published_recipe(method: Method, arm: Arm) -> Recipe:
    """Return the published settings for a method and an arm."""
    if method is Method.LORA:
        return Recipe(method=method, learning_rate=1e-4, epochs=5)  # [R]
    # [R] both rates; two epochs [R], where digests say three.
    return Recipe(method=method, learning_rate=1e-5 if arm is Arm.REASONS else 5e-6, epochs=2)
