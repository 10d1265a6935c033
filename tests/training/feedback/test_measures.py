"""Macro-F1 and its interval equal values worked out by hand and those of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from stream.contracts.vocabulary import Level
from training.estimate import Estimate
from training.feedback.measures import RatedExchange, confusion_matrix, macro_f1, macro_f1_with_interval


def judged(*pairs: tuple[int | None, int | None], session: str = "s") -> list[RatedExchange]:
    """Return rated exchanges with the same pair of levels for all four mechanisms."""

    def level(value: int | None) -> Level | None:
        return None if value is None else Level(value)

    return [RatedExchange(f"{session}-{n}", (level(t),) * 4, (level(s),) * 4) for n, (t, s) in enumerate(pairs)]


def test_macro_f1_by_hand() -> None:
    """Macro-F1 is the mean of the F1 of each level, worked out by hand.

    Level 0: one of two found, nothing else called so: 2/3. Level 1: 2/3. Level 2: 1.
    """
    table = confusion_matrix(judged((0, 0), (0, 1), (1, 1), (2, 2)), 0)
    assert table.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    assert macro_f1(table) == pytest.approx(100 * (2 / 3 + 2 / 3 + 1) / 3)


def test_no_level_is_a_miss_and_no_class() -> None:
    """A missing level is a miss of its class and no class of its own."""
    half = judged((0, 0), (0, None))
    assert macro_f1(confusion_matrix(half, 0)) == pytest.approx(100 * 2 / 3)
    unreadable = [half[0], RatedExchange("s-1", half[1].truth, None)]
    assert confusion_matrix(unreadable, 0).tolist() == confusion_matrix(half, 0).tolist()


def test_where_people_gave_no_level_nothing_is_measured() -> None:
    """An exchange without a level of people is not counted, and without any other the macro-F1 is a dash."""
    assert confusion_matrix(judged((None, 2)), 0).sum() == 0
    assert f"{macro_f1_with_interval(judged((None, 2)), 0, seed=0):.2f}" == "-"


def test_it_is_scikit_learns() -> None:
    """Macro-F1 equals scikit-learn's on random levels."""
    random = np.random.default_rng(1)
    truth, said = random.integers(3, size=(2, 200)).tolist()
    found = macro_f1(confusion_matrix(judged(*zip(truth, said, strict=True)), 0))
    assert found == pytest.approx(100 * f1_score(truth, said, average="macro"))


def test_an_interval_is_over_sessions() -> None:
    """An interval over few sessions is wider than one over many.

    Forty-eight exchanges are in as many sessions, or in four that are each all right or all wrong.
    """
    pairs = [(n % 3, (n + session % 2) % 3) for session in range(4) for n in range(12)]
    narrow = macro_f1_with_interval(judged(*pairs), 0, seed=0)
    few = [RatedExchange(f"s-{n // 12}", one.truth, one.predicted) for n, one in enumerate(judged(*pairs))]
    wide = macro_f1_with_interval(few, 0, seed=0)
    assert wide.value == narrow.value == pytest.approx(50)
    assert (wide.low, wide.high) == (0, 100)
    assert narrow.high - narrow.low < 40


def test_what_is_always_right_has_no_doubt() -> None:
    """Levels that are always right have an interval of no width, and a seed gives the same interval."""
    assert macro_f1_with_interval(judged((0, 0), (1, 1), (2, 2)), 0, seed=0) == Estimate(100.0, 100.0, 100.0)
    some = judged((0, 0), (1, 0), (2, 2), (1, 1))
    assert macro_f1_with_interval(some, 0, seed=5) == macro_f1_with_interval(some, 0, seed=5)
