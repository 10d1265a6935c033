"""Cross-validation keeps each conversation on one side of a split, and the threshold keeps its recall."""

from collections.abc import Sequence

import pytest

from stream.detection import DetectorInput
from tests.training.detector.conftest import critical, resisting, turn
from training.detector.crossval import (
    CRITICAL_RECALL,
    RESISTANCE_RECALL,
    Scorer,
    choose_threshold,
    cross_fitted_flags,
    folds_of,
    heard,
    score_out_of_fold,
    score_turns,
    train,
    train_length_baseline,
    train_random_baseline,
)
from training.detector.fitting import Recipe
from training.detector.turns import LabelledTurn
from training.errors import DataError
from training.reader.folds import FOLDS


def test_groups_stay_whole(turns: list[LabelledTurn]) -> None:
    """All turns of a video, a session or a writer are in one fold."""
    fold_of: dict[str, set[int]] = {}
    for each, fold in zip(turns, folds_of(turns), strict=True):
        fold_of.setdefault(each.group, set()).add(fold)
    assert all(len(folds) == 1 for folds in fold_of.values())


def test_a_recipe_sees_only_training_turns(turns: list[LabelledTurn]) -> None:
    """No fit sees a turn of a group that it scores, and each turn is scored once."""
    scored: list[str] = []
    known: list[set[str]] = []

    def spy(given: Sequence[LabelledTurn]) -> Scorer:
        known.append({each.group for each in given})

        def score(inputs: Sequence[DetectorInput]) -> list[float]:
            scored.extend(each.text for each in inputs)
            return [0.5 for _ in inputs]

        return score

    steps: list[None] = []
    score_out_of_fold(turns, spy, lambda: steps.append(None))
    everyone = {each.group for each in turns}
    assert len(known) == len(steps) == FOLDS
    assert all(groups < everyone for groups in known)
    assert sorted(scored) == sorted(message for each in turns for message in each.messages)


def test_scores_stand_in_the_order_of_the_turns(turns: list[LabelledTurn]) -> None:
    """The score of a turn stands where the turn stands."""
    found = score_out_of_fold(turns, lambda _: lambda inputs: [len(given.text) / 100 for given in inputs])
    assert found == [len(each.example.text) / 100 for each in turns]


def test_a_turn_has_the_highest_score_of_its_messages() -> None:
    """A turn has the highest score of its messages, since one flagged message flags it."""
    split = LabelledTurn(turn("written", "writer-1", "ok").example, ("ok", "leave me alone", "no"))
    whole = turn("written", "writer-1", "yes")
    assert score_turns([split, whole], lambda inputs: [len(given.text) / 100 for given in inputs]) == [0.14, 0.03]


def test_it_learns_what_the_labels_say(turns: list[LabelledTurn]) -> None:
    """On turns of unseen groups, resisting and critical ones score above harmless ones."""
    scores = score_out_of_fold(turns, train(Recipe()))
    kinds = {
        kind: [s for each, s in zip(turns, scores, strict=True) if each.worth_reading is kind] for kind in (True, False)
    }
    assert min(kinds[True]) > max(kinds[False])


def _scored(corpus: str, scores: Sequence[float]) -> tuple[list[LabelledTurn], list[float]]:
    return [resisting(corpus, f"{corpus}/{number}", "no") for number in range(len(scores))], list(scores)


def test_the_threshold_keeps_its_recall_in_both_kinds_of_transcripts() -> None:
    """The threshold is that of the kind of transcripts in which resistance scores lower."""
    high, high_scores = _scored("annomi", [0.8 + i / 1_000 for i in range(100)])
    low, low_scores = _scored("mibot", [0.2 + i / 1_000 for i in range(100)])
    cut = choose_threshold([*high, *low], [*high_scores, *low_scores])
    assert sum(score >= cut for score in low_scores) == round(RESISTANCE_RECALL * 100)


def test_the_threshold_keeps_critical_turns_beside_the_lexicons() -> None:
    """Critical turns lower the threshold as far as needed, but those that the lexicons hear do not."""
    known, scores = _scored("annomi", [0.9] * 10)
    hidden = [critical("writer-1", "gave the cat away") for _ in range(100)]
    plain = critical("writer-1", "I want to kill myself")
    assert heard(plain)
    cut = choose_threshold([*known, *hidden, plain], [*scores, *(0.3 + i / 1_000 for i in range(100)), 0.01])
    assert 0.3 <= cut < 0.31
    assert CRITICAL_RECALL < 1


def test_without_labelled_resistance_there_is_no_threshold() -> None:
    """Without a transcript that holds resistance no threshold is chosen."""
    with pytest.raises(DataError, match="no transcript"):
        choose_threshold([turn("annomi", "video/1", "hello")], [0.5])


def test_flags_depend_on_the_other_folds_alone(turns: list[LabelledTurn]) -> None:
    """Changing the scores of one fold does not change the threshold by which it is flagged."""
    scores = [0.9 if each.worth_reading else 0.1 for each in turns]
    folds = folds_of(turns)
    own = [0.05 if fold == 0 else score for fold, score in zip(folds, scores, strict=True)]
    assert all(flag is each.worth_reading for each, flag in zip(turns, cross_fitted_flags(turns, scores), strict=True))
    assert not any(flag for flag, fold in zip(cross_fitted_flags(turns, own), folds, strict=True) if fold == 0)


def test_the_length_baseline_only_counts() -> None:
    """The length baseline scores a message with more words higher."""
    few, many = train_length_baseline([])([DetectorInput("no"), DetectorInput("yes I will walk today")])
    assert few < many < 1


def test_the_random_baseline_is_repeatable() -> None:
    """The random baseline is repeatable by its seed."""
    inputs = [DetectorInput("a")] * 5
    assert train_random_baseline([])(inputs) == train_random_baseline([])(inputs)
    assert len(set(train_random_baseline([])(inputs))) == 5
