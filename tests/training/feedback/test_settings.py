"""The published settings are the defaults."""

import pytest
from pydantic import ValidationError

from training.feedback.data import Arm
from training.feedback.settings import FOLDS, Method, Recipe, published_recipe


@pytest.mark.parametrize(
    ("method", "arm", "rate", "epochs"),
    [
        (Method.FULL, Arm.REASONS, 1e-5, 2),
        (Method.FULL, Arm.LABELS, 5e-6, 2),
        (Method.LORA, Arm.REASONS, 1e-4, 5),
        (Method.LORA, Arm.LABELS, 1e-4, 5),
    ],
)
def test_each_method_and_arm_has_its_rate(method: Method, arm: Arm, rate: float, epochs: int) -> None:
    """Each method and arm has the learning rate and epochs of the authors' configurations."""
    recipe = published_recipe(method, arm)
    assert (recipe.learning_rate, recipe.epochs) == (rate, epochs)


def test_what_both_share() -> None:
    """Both methods share batch, accumulation, cutoff, warm-up, rank, evaluation steps and folds."""
    recipe = published_recipe(Method.LORA, Arm.REASONS)
    shared = (recipe.batch, recipe.accumulation, recipe.cutoff, recipe.warmup, recipe.rank, recipe.eval_steps, FOLDS)
    assert shared == (2, 4, 8192, 0.1, 16, 10, 5)


@pytest.mark.parametrize("wrong", [{"learning_rate": 0}, {"epochs": 0}, {"batch": 0}, {"warmup": 1}, {"unknown": 1}])
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    """Impossible settings are refused before the training starts."""
    with pytest.raises(ValidationError):
        Recipe(**{"method": Method.FULL, "learning_rate": 1e-5, "epochs": 2, **wrong})
