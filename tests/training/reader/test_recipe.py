"""An epoch draws all turns but a share of those without resistance that transcripts have plenty of."""

import random

import pytest
from pydantic import ValidationError

from tests.training.reader.samples import reply, turn
from training.reader.recipe import Recipe, draw_turns, steps_per_epoch

PLENTIFUL = [turn(number, source="annomi") for number in range(40)]
OTHERS = [turn(50, "blaming", "annomi"), turn(60), turn(70, source="lines")]


def test_half_of_the_plentiful_turns_are_drawn_and_all_others() -> None:
    """Turns that resist and written ones are always drawn, others by chance."""
    drawn = draw_turns([*PLENTIFUL, *OTHERS], Recipe(), random.Random(1))
    assert len(drawn) == len(PLENTIFUL) // 2 + len(OTHERS)
    assert set(OTHERS) <= set(drawn)
    assert drawn == draw_turns([*PLENTIFUL, *OTHERS], Recipe(), random.Random(1))
    assert drawn != draw_turns([*PLENTIFUL, *OTHERS], Recipe(), random.Random(2))


def test_the_steps_of_an_epoch_are_its_batches() -> None:
    """Turns and replies make batches of their own, the last of each smaller."""
    recipe = Recipe(batch_size=8, reply_passes=2)
    assert steps_per_epoch(PLENTIFUL, [reply(number) for number in range(5)], recipe) == 3 + 2


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"speed": 1}])
def test_a_setting_that_is_none_is_refused(wrong: dict[str, int]) -> None:
    """A recipe has at least one epoch, and no setting that nobody reads."""
    with pytest.raises(ValidationError):
        Recipe.model_validate(wrong)
