"""Cross-validation keeps each conversation on one side of a split."""

from collections.abc import Sequence

import pytest

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput
from training.detector.corpora import LabelledTurn, of_corpus
from training.detector.crossval import (
    INNER,
    OUTER,
    Scorer,
    choose_thresholds_by_folds,
    folds_by_group,
    score_out_of_fold,
    train_length_baseline,
    train_linear,
    train_random_baseline,
    train_terms,
)
from training.errors import DataError


def test_groups_stay_whole(turns: list[LabelledTurn]) -> None:
    """No video and no session is in both the training and the test part of a fold."""
    for train, test in folds_by_group(turns, OUTER):
        assert not {turns[i].group for i in train} & {turns[i].group for i in test}


def test_each_turn_is_tested_once(turns: list[LabelledTurn]) -> None:
    """Each turn is in exactly one test part."""
    assert sorted(i for _, test in folds_by_group(turns, OUTER) for i in test) == list(range(len(turns)))


def test_each_part_has_both_corpora(turns: list[LabelledTurn]) -> None:
    """Each test part has turns of both corpora."""
    for _, test in folds_by_group(turns, OUTER):
        assert {turns[i].corpus for i in test} == {"annomi", "mibot"}


def test_too_few_conversations_are_refused(turns: list[LabelledTurn]) -> None:
    """Too few conversations are refused with their number and the number needed."""
    few = [turn for turn in of_corpus(turns, "mibot") if turn.group in {"person 0", "person 1"}]
    with pytest.raises(DataError, match="mibot: 2 conversations hold resistance, 5 folds need as many"):
        list(folds_by_group(few, OUTER))


def test_a_recipe_sees_only_training_turns(turns: list[LabelledTurn]) -> None:
    """A recipe sees only training turns, for its fit and for its thresholds."""
    seen: list[set[str]] = []

    def spy(known: Sequence[LabelledTurn]) -> Scorer:
        seen.append({turn.group for turn in known})

        def score(inputs: Sequence[DetectorInput]) -> list[float]:
            return [0.5 for _ in inputs]

        return score

    score_out_of_fold(turns, spy)
    everyone = {turn.group for turn in turns}
    assert len(seen) == OUTER * (INNER + 1)
    assert all(groups < everyone for groups in seen)


def test_every_turn_has_a_score_and_its_flags(turns: list[LabelledTurn]) -> None:
    """Every turn has a score and its flags, in the order of the turns, and each fit is reported."""
    steps: list[None] = []
    found = score_out_of_fold(turns, train_terms, lambda: steps.append(None))
    assert len(found) == len(turns)
    assert len(steps) == OUTER * (INNER + 1)
    assert all(set(each.flagged) == set(OperatingPoint) for each in found)


def test_thresholds_are_chosen_on_scores_of_unseen_turns(turns: list[LabelledTurn]) -> None:
    """Thresholds are chosen on out-of-fold scores, and the gate has the lower one."""
    thresholds = choose_thresholds_by_folds(turns, train_linear, 3)
    assert 0 < thresholds[OperatingPoint.GATE] <= thresholds[OperatingPoint.ALONE] <= 1


def test_phrases_only_raise_a_score(turns: list[LabelledTurn]) -> None:
    """Phrases only raise the score of the words."""
    inputs = [turn.given for turn in turns]
    for plain, more in zip(train_terms(turns)(inputs), train_linear(turns)(inputs), strict=True):
        assert more >= plain - 1e-12


def test_the_length_baseline_only_counts() -> None:
    """The length baseline scores a turn with more words higher."""
    few, many = train_length_baseline([])([DetectorInput("no"), DetectorInput("yes I will walk today")])
    assert few < many < 1


def test_the_random_baseline_is_repeatable() -> None:
    """The random baseline is repeatable by its seed."""
    inputs = [DetectorInput("a")] * 5
    assert train_random_baseline([])(inputs) == train_random_baseline([])(inputs)
    assert len(set(train_random_baseline([])(inputs))) == 5
