"""Two raters agree by the share of equal levels and by weighted kappa, over the replies that both rated."""

from math import isnan

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Level, Mechanism
from training.corpora.agreement import level_agreement
from training.corpora.labels import PLAIN, SECOND_RATER, ReplyLabel, TurnId, load_reply_labels

STANCE = Mechanism.STANCE_ALIGNMENT


def rated(*levels: int | None) -> dict[TurnId, ReplyLabel]:
    """Return ratings of the replies to turns 1, 2 and so on by one mechanism; None is a reply it could not rate."""
    return {
        ("A1", number): ReplyLabel({} if level is None else {STANCE: Level(level)}, Technique.MINIMAL, None)
        for number, level in enumerate(levels, start=1)
    }


def test_raters_who_give_the_same_levels_agree_fully() -> None:
    """Equal levels throughout have a kappa of 1."""
    found = level_agreement(rated(0, 1, 2), rated(0, 1, 2))[STANCE]
    assert (found.replies, found.same, found.kappa) == (3, 1.0, 1.0)


def test_a_difference_of_two_levels_weighs_more_than_one_of_one() -> None:
    """None against strong lowers kappa more than none against weak."""
    near = level_agreement(rated(0, 0, 1, 2), rated(0, 1, 1, 2))[STANCE]
    far = level_agreement(rated(0, 0, 1, 2), rated(0, 2, 1, 2))[STANCE]
    assert near.same == far.same == 0.75
    assert near.kappa > far.kappa


def test_only_replies_that_both_rated_count() -> None:
    """A reply that one of the two did not read, or could not rate, is left out."""
    found = level_agreement(rated(0, 1, None), rated(0, 1, 2) | {("A1", 9): rated(2)["A1", 1]})
    assert found[STANCE].replies == 2


@pytest.mark.parametrize("levels", [(), (1, 1)], ids=["no reply", "one level throughout"])
def test_where_agreement_by_chance_is_unknown_there_is_no_kappa(levels: tuple[int, ...]) -> None:
    """Without replies, or with one level on both sides throughout, kappa is not a number."""
    assert isnan(level_agreement(rated(*levels), rated(*levels))[STANCE].kappa)


def test_the_shipped_ratings_agree() -> None:
    """Two raters of the shipped ratings agree with a kappa above .8 on each mechanism, over some 180 replies."""
    found = level_agreement(load_reply_labels() | load_reply_labels(name=PLAIN), load_reply_labels(name=SECOND_RATER))
    assert all(each.kappa > 0.8 and each.replies > 170 for each in found.values())
