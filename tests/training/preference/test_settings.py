"""The defaults of the recipe are the published settings, and each may be changed by name."""

import pytest

from training.errors import DataError
from training.preference.settings import Recipe, recipe_of


def test_defaults_are_the_published_settings() -> None:
    """Reward model and policy begin with the published epochs, batches, rates, beta, prompts and samples."""
    recipe = Recipe()
    assert (recipe.reward_epochs, recipe.reward_batch, recipe.reward_learning_rate) == (2, 128, 9e-6)
    assert (recipe.policy_batch, recipe.policy_learning_rate, recipe.beta) == (64, 5e-7, 0.1)
    assert (recipe.prompts, recipe.samples, recipe.cutoff) == (6_400, 8, 2_048)


def test_a_setting_is_changed_by_its_name() -> None:
    """A change has the name and the value; the others stay."""
    assert recipe_of(["samples=4", "beta=0.5"]) == Recipe(samples=4, beta=0.5)


@pytest.mark.parametrize(
    ("change", "said"),
    [("help", "--set help: there are reward_epochs"), ("samples=1", "--set samples"), ("beta=x", "--set beta")],
)
def test_a_change_that_cannot_be_made_is_told(change: str, said: str) -> None:
    """An unknown name is answered by the known ones, and a wrong value by what it should be."""
    with pytest.raises(DataError, match=said):
        recipe_of([change])
