"""No conversation, video or writer stands on both sides of a fold, and finished folds are kept on disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.reader.samples import reply, turn
from training.errors import DataError
from training.reader.evaluate import resistance_scores
from training.reader.folds import (
    FOLDS,
    Split,
    answered_examples,
    compute_fold,
    finished_folds,
    fold_of_groups,
    replace_words,
    split_examples,
)
from training.reader.targets import RESISTANCE, TURN_HEADS, width

TURNS = [turn(number, source=source) for source in ("annomi", "mibot", "written") for number in range(20)]
REPLIES = [reply(number) for number in range(40)]


def test_a_group_is_in_one_fold_whatever_the_order() -> None:
    """Each group has one fold, which does not depend on the order of the examples."""
    groups = [each.group for each in TURNS]
    assert fold_of_groups(groups) == fold_of_groups(groups[::-1])
    assert set(fold_of_groups(groups).values()) == set(range(FOLDS))


@pytest.mark.parametrize("prefix", ["https://", "p", "writer-"])
def test_every_fold_tests_every_kind_of_group(prefix: str) -> None:
    """Videos, sessions and writers are dealt out each on their own, evenly."""
    folds = fold_of_groups([each.group for each in TURNS])
    counts = [sum(fold == one for group, fold in folds.items() if group.startswith(prefix)) for one in range(FOLDS)]
    assert counts == [2] * FOLDS


def test_writers_about_danger_change_no_other_fold() -> None:
    """Groups of turns about danger are dealt out evenly after all others, whose folds stay as they were."""
    groups = [each.group for each in TURNS]
    danger = [f"danger-{letter}" for letter in "KLMNO"]
    folds = fold_of_groups([*danger, *groups])
    assert {name: folds[name] for name in groups} == fold_of_groups(groups)
    assert sorted(folds[name] for name in danger) == list(range(FOLDS))


def test_large_groups_are_dealt_out_first() -> None:
    """A large group stands beside few others, so that folds are of like size."""
    folds = fold_of_groups(["writer-a"] * 10 + [f"writer-{number}" for number in range(40)])
    assert sum(fold == folds["writer-a"] for fold in folds.values()) == 1


@pytest.mark.parametrize("fold", range(FOLDS))
def test_whole_groups_stand_on_one_side(fold: int) -> None:
    """What is learned from and what is tested share no group, in turns and replies together."""
    split = split_examples(TURNS, REPLIES, fold)
    train = {each.group for each in split.train_turns} | {each.group for each in split.train_replies}
    test = {each.group for each in split.test_turns} | {each.group for each in split.test_replies}
    assert train
    assert test
    assert not train & test
    assert len(split.train_turns) + len(split.test_turns) == len(TURNS)
    assert len(split.train_replies) + len(split.test_replies) == len(REPLIES)


def numbered(split: Split) -> tuple[Any, Any, Any]:
    """Return logits that hold the number of the fold."""
    turns, replies = len(split.test_turns), len(split.test_replies)
    return np.full((turns, 2), split.fold), np.zeros(turns), np.full((replies, 3), split.fold)


def test_every_example_is_answered_once_by_a_fit_that_did_not_see_it(tmp_path: Path) -> None:
    """All folds together answer every example once, with the answers of its own fold."""
    for fold in range(FOLDS):
        compute_fold(split_examples(TURNS, REPLIES, fold), numbered, tmp_path)
    found = finished_folds(tmp_path)
    assert found.folds == FOLDS
    assert sorted(found.turn_ids) == sorted(each.id for each in TURNS)
    assert sorted(found.reply_ids) == sorted(each.id for each in REPLIES)
    for fold in range(FOLDS):
        size = len(split_examples(TURNS, REPLIES, fold).test_turns)
        assert (found.turns[:, 0] == fold).sum() == size


def test_a_finished_fold_is_not_computed_again(tmp_path: Path) -> None:
    """A fold that is on disk is left as it is."""
    split = split_examples(TURNS, REPLIES, 0)
    compute_fold(split, numbered, tmp_path)

    def fail(_: Split) -> tuple[Any, Any, Any]:
        raise AssertionError

    compute_fold(split, fail, tmp_path)
    assert finished_folds(tmp_path).folds == 1


def test_the_answers_of_one_fold_can_be_had_alone(tmp_path: Path) -> None:
    """Of several finished folds one is read alone; one that is not finished is missing."""
    for fold in (0, 1):
        compute_fold(split_examples(TURNS, REPLIES, fold), numbered, tmp_path)
    found = finished_folds(tmp_path, 1)
    assert found.folds == 1
    assert set(found.turns[:, 0]) == {1}
    with pytest.raises(DataError, match="no fold is finished"):
        finished_folds(tmp_path, 2)


def test_a_fit_that_fails_leaves_no_fold(tmp_path: Path) -> None:
    """A fold that was interrupted is computed anew."""

    def fail(_: Split) -> tuple[Any, Any, Any]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        compute_fold(split_examples(TURNS, REPLIES, 0), fail, tmp_path)
    with pytest.raises(DataError, match="no fold is finished"):
        finished_folds(tmp_path)


def test_what_is_written_holds_no_text(tmp_path: Path) -> None:
    """The files hold ids and numbers alone."""
    compute_fold(split_examples(TURNS, REPLIES, 0), numbered, tmp_path)
    (path,) = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as saved:
        assert set(saved.files) == {"turn_ids", "turns", "words", "reply_ids", "replies"}


def even(logits: Any) -> Any:
    """Return what words heard: a logit of resistance for each turn, and every behaviour alike."""
    behaviours = len(RESISTANCE) - 1
    return np.concatenate([logits[:, None], np.full((len(logits), behaviours), -np.log(behaviours))], axis=1)


def silent(split: Split) -> tuple[Any, Any, Any]:
    """Return logits that know nothing, of the width that the reader has."""
    turns = len(split.test_turns)
    return np.zeros((turns, width(TURN_HEADS))), even(np.zeros(turns)), np.zeros((len(split.test_replies), 3))


def test_the_words_of_a_finished_fold_are_replaced_and_the_encoder_stays(tmp_path: Path) -> None:
    """Other words are counted in where the former ones were, so that doing it twice is doing it once."""
    split = split_examples(TURNS, REPLIES, 0)
    compute_fold(split, silent, tmp_path)
    before = resistance_scores(finished_folds(tmp_path).turns)
    words = np.linspace(-1.0, 1.0, len(split.test_turns))
    heard = even(words)
    for _ in range(2):
        replace_words(split, lambda _: heard, tmp_path)
        found = finished_folds(tmp_path)
        np.testing.assert_array_equal(found.words, heard)
        assert ((resistance_scores(found.turns) > before) == (words > 0)).all()
    replace_words(split, lambda _: even(np.zeros(len(words))), tmp_path)
    np.testing.assert_allclose(resistance_scores(finished_folds(tmp_path).turns), before)


def test_words_for_other_turns_are_refused(tmp_path: Path) -> None:
    """Where the data has other turns than were answered, nothing is written."""
    compute_fold(split_examples(TURNS, REPLIES, 0), silent, tmp_path)
    kept = (tmp_path / "fold-0.npz").read_bytes()
    other = replace(split_examples(TURNS, REPLIES, 0), test_turns=())
    with pytest.raises(DataError, match="compute the fold again"):
        replace_words(other, lambda _: np.zeros(0), tmp_path)
    assert (tmp_path / "fold-0.npz").read_bytes() == kept


def test_answered_examples_stand_in_the_order_of_the_answers(tmp_path: Path) -> None:
    """Each answer is given back with its example, whatever the order of the examples."""
    for fold in (1, 0):
        compute_fold(split_examples(TURNS, REPLIES, fold), numbered, tmp_path)
    found = finished_folds(tmp_path)
    turns, replies = answered_examples(found, TURNS[::-1], REPLIES[::-1])
    assert tuple(each.id for each in turns) == found.turn_ids
    assert tuple(each.id for each in replies) == found.reply_ids
