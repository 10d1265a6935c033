"""The settings of a fit of the reader, and which turns an epoch draws."""

import random
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from training.reader.examples import ReplyExample, TurnExample


class Recipe(BaseModel):
    """What a fit depends on besides its examples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=4, ge=1)
    learning_rate: float = 1.5e-4
    """At 8e-5 and batches of 64 four epochs were far too few: levels of real replies agreed by chance."""
    reply_passes: int = 2
    """How often an epoch reads each reply: there are fewer replies than turns, and more is asked of them."""
    head_learning_rate: float = 2e-3
    """The heads begin at random and have few steps, so that they move faster than the encoder."""
    batch_size: int = 32
    warm_up: float = 0.1
    """The share of steps in which the rate grows from 0; then it falls to 0 in a straight line."""
    weight_decay: float = 0.01
    planted_share: float = 0.15
    """The share of pairs that get planted text in an epoch."""
    harmless_share: float = 0.5
    """The share of the transcripts' turns without resistance that an epoch draws: they are nine in ten of all."""
    side_weight: float = 0.3
    """The weight of technique, mistake and planted text in the loss, beside resistance or levels at 1."""
    critical_weight: float = 1.0
    seed: int = 0


def steps_per_epoch(turns: Sequence[TurnExample], replies: Sequence[ReplyExample], recipe: Recipe) -> int:
    """Return the number of batches of one epoch."""
    drawn = len(draw_turns(turns, recipe, random.Random(recipe.seed)))
    return sum(-(-count // recipe.batch_size) for count in (drawn, recipe.reply_passes * len(replies)))


def draw_turns(turns: Sequence[TurnExample], recipe: Recipe, random_: random.Random) -> list[TurnExample]:
    """Return the turns of one epoch: all but a share of the transcripts' turns without resistance."""
    harmless = [turn for turn in turns if _is_plentiful(turn)]
    drawn = {turn.id for turn in random_.sample(harmless, round(recipe.harmless_share * len(harmless)))}
    return [turn for turn in turns if not _is_plentiful(turn) or turn.id in drawn]


def _is_plentiful(turn: TurnExample) -> bool:
    return turn.resistance == 0 and turn.source in {"annomi", "mibot"}
