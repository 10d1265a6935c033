"""Folds keep sessions whole, and repeat rare classes in the training part alone."""

from collections import Counter

import pytest

from stream.contracts.vocabulary import Level
from tests.training.feedback.samples import items
from training.errors import DataError
from training.feedback.data import Item, levels_of
from training.feedback.folds import MOST_COPIES, Split, draw_at_most, folds_by_session, oversample, split_for_serving

COUNT = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Return thirty sessions of two exchanges, of which one in six has strong autonomy."""
    return items(tmp_path_factory.mktemp("set") / "set.jsonl", COUNT)


def sessions(made: list[Item], places: list[int]) -> set[str]:
    """Return the sessions of the items at these indices."""
    return {made[place].session for place in places}


def test_every_exchange_is_tested_once(made: list[Item]) -> None:
    """Every exchange is tested in exactly one of the five folds."""
    tested = [place for split in folds_by_session(made, seed=0) for place in split.test]
    assert sorted(tested) == list(range(COUNT))


def test_no_session_stands_on_two_sides(made: list[Item]) -> None:
    """No session is in two parts of a fold: training, choosing the checkpoint, or test."""
    for split in folds_by_session(made, seed=0):
        sides = [sessions(made, side) for side in (split.train, split.valid, split.test)]
        assert all(sides)
        assert sum(map(len, sides)) == len(set().union(*sides)) == COUNT // 2


def test_a_rare_class_is_in_every_fold(made: list[Item]) -> None:
    """A class with ten exchanges is in the test part of each of the five folds."""
    rare = [place for place in range(COUNT) if levels_of(made[place].answer)[0] == 2]
    assert all(set(rare) & set(split.test) for split in folds_by_session(made, seed=0))


def test_the_same_seed_gives_the_same_folds(made: list[Item]) -> None:
    """A seed gives the same folds again, so that an evaluation finds the sessions that training left out."""
    assert folds_by_session(made, seed=1) == folds_by_session(made, seed=1)
    assert folds_by_session(made, seed=1) != folds_by_session(made, seed=2)


def test_the_model_to_serve_learns_from_all_but_those_that_choose(made: list[Item]) -> None:
    """The served model learns from all items except those that choose the checkpoint."""
    split = split_for_serving(made, seed=0)
    assert split.test == []
    assert sorted(split.train + split.valid) == list(range(COUNT))
    assert not sessions(made, split.train) & sessions(made, split.valid)


def test_oversampling_draws_from_the_training_part_alone(made: list[Item]) -> None:
    """Oversampling draws from the training part alone, and from all of it."""
    for split in folds_by_session(made, seed=0):
        drawn = oversample(made, split.train, seed=0)
        assert set(drawn) == set(split.train)
        assert not set(drawn) & {*split.valid, *split.test}


def test_a_rare_class_is_drawn_as_often_as_the_commonest(made: list[Item]) -> None:
    """A rare class is drawn as often as the commonest on the whole."""
    rare, common = (next(p for p in range(COUNT) if levels_of(made[p].answer)[0] == level) for level in (2, 1))
    # Other mechanisms are the same throughout, so that autonomy alone decides.
    few = [made[common].model_copy(update={"session": f"c-{n}"}) for n in range(30)]
    few += [made[rare].model_copy(update={"session": f"r-{n}"}) for n in range(10)]
    few = [one.model_copy(update={"output": few[0].output}) if n < 30 else one for n, one in enumerate(few)]
    found = Counter(levels_of(few[place].answer)[0] for place in oversample(few, range(40), seed=0))
    assert found[Level.STRONG] == found[Level.WEAK] == 30


def test_no_exchange_is_learnt_by_heart(made: list[Item]) -> None:
    """No exchange is repeated more often than the limit, however rare its class is."""
    rare, common = (next(p for p in range(COUNT) if levels_of(made[p].answer)[0] == level) for level in (2, 1))
    drawn = Counter(oversample([made[common]] * 99 + [made[rare]], range(100), seed=0))
    assert drawn[99] == MOST_COPIES
    assert all(drawn[place] == 1 for place in range(99))


@pytest.mark.parametrize("count", [2, 18])
def test_too_few_sessions_are_told(count: int, made: list[Item]) -> None:
    """Too few sessions are refused instead of making folds in which nothing can be measured."""
    with pytest.raises(DataError, match="at least 10 sessions"):
        folds_by_session(made[:count], seed=0)


def test_one_session_cannot_be_split(made: list[Item]) -> None:
    """A single session cannot be split, since another must choose the checkpoint."""
    with pytest.raises(DataError, match="at least two sessions"):
        split_for_serving(made[:2], seed=0)


def test_few_exchanges_can_still_be_split(made: list[Item]) -> None:
    """Ten sessions can be split although each class has fewer exchanges than there are folds."""
    assert all(isinstance(split, Split) and split.train for split in folds_by_session(made[:20], seed=0))


def test_a_group_is_never_split(made: list[Item]) -> None:
    """Exchanges of one group stand on one side of a fold, however many sessions the group has."""
    grouped = [item.model_copy(update={"group": f"writer {place % 9}"}) for place, item in enumerate(made)]
    tested = []
    for split in folds_by_session(grouped, seed=0):
        sides = [{grouped[place].group for place in side} for side in (split.train, split.valid, split.test)]
        assert all(sides)
        assert sum(map(len, sides)) == len(set().union(*sides))
        tested += split.test
    assert sorted(tested) == list(range(COUNT))


def test_too_few_groups_are_told(made: list[Item]) -> None:
    """Six groups are refused: five folds need one to test, one that chooses and one to learn from in each."""
    with pytest.raises(DataError, match="at least 7 groups"):
        folds_by_session([one.model_copy(update={"group": f"g-{n % 6}"}) for n, one in enumerate(made)], seed=0)


def test_a_trial_learns_from_few_and_is_tested_on_all(made: list[Item]) -> None:
    """A trial draws the exchanges that train and that choose from their own parts, and leaves the test part whole."""
    split = split_for_serving(made, seed=0)
    few = draw_at_most(split, 16, seed=0)
    assert (len(few.train), len(few.valid)) == (16, 2)
    assert set(few.train) < set(split.train)
    assert set(few.valid) < set(split.valid)
    assert few == draw_at_most(split, 16, seed=0)
    assert draw_at_most(split, None, seed=0) == split
