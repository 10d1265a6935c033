"""The settings of a run. Defaults are the published ones of arXiv 2502.19731 where it names them.

[D]: a digest of the paper; [R]: the authors' repositories; "ours": not published, chosen here.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.errors import DataError

BASE_MODEL: Final = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""Ours: small enough for one GPU. The authors used Llama-3.2-3B and Llama-3.1-8B, both Instruct [D]."""


class Recipe(BaseModel):
    """The settings that decide a run's result besides data and base model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reward_epochs: float = Field(default=2, gt=0)  # [D]
    reward_batch: int = Field(default=128, ge=1)  # [D], pairs a step
    reward_learning_rate: float = Field(default=9e-6, gt=0)  # [D]
    policy_epochs: float = Field(default=1, gt=0)  # ours, of a stage
    policy_batch: int = Field(default=64, ge=1)  # [D], pairs a step
    policy_learning_rate: float = Field(default=5e-7, gt=0)  # [D]
    beta: float = Field(default=0.1, gt=0)  # [D], how near the policy stays to where it began
    prompts: int = Field(default=6_400, ge=1)  # [D], of the online round; fewer where there are fewer
    samples: int = Field(default=8, ge=2)  # [D], replies to a prompt
    temperature: float = Field(default=1.0, gt=0)  # ours
    reply_tokens: int = Field(default=200, ge=1)  # ours: the longest written replies have some 130 words
    length_limit: int = Field(default=40, ge=1)  # ours, words: about half of the written replies are shorter
    cutoff: int = Field(default=2_048, ge=1)  # [R], tokens of prompt and reply
    device_batch: int = Field(default=4, ge=1)  # ours, pairs at once on a device; the rest of a step is accumulated
    save_steps: int = Field(default=50, ge=1)  # ours, between two checkpoints
    seed: int = 0  # ours


def recipe_of(changes: Sequence[str]) -> Recipe:
    """Return the recipe with changes of the form `name=value`.

    Raises:
        DataError: a setting is not known, or its value is none.
    """
    given = dict(change.partition("=")[::2] for change in changes)
    unknown = set(given) - set(Recipe.model_fields)
    if unknown:
        raise DataError(f"--set {min(unknown)}: there are {', '.join(Recipe.model_fields)}.")
    try:
        return Recipe.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise DataError(f"--set {first['loc'][0]}: {first['msg']}.") from None
