"""The learning curves have a point for each source and share, learned from these alone and measured on real talk."""

from typing import Any

import numpy as np
import pytest

from stream.contracts.vocabulary import Mechanism
from tests.training.reader.samples import reply, turn
from training.detector import measures as detector_measures
from training.reader import measures
from training.reader.curve import SHARES, SOURCES, Point, learning_curve
from training.reader.data import Examples

REAL = [turn(number, "blaming" if number % 3 == 0 else "none", ("annomi", "mibot")[number % 2]) for number in range(40)]
WRITTEN = [turn(number, "pessimism" if number % 2 else "none", look_alike=not number % 2) for number in range(40, 80)]
REPLIES = [
    *(reply(number, (number % 3,) * 4, "annomi") for number in range(30)),
    *(reply(number, (number % 3,) * 4) for number in range(30, 60)),
]
EXAMPLES = Examples((*REAL, *WRITTEN), tuple(REPLIES))


def points(turns: Any, replies: Any) -> dict[tuple[str, float], Point]:
    """Return the points by source and share, with few samples for the intervals, which the curves do not show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "_RESAMPLES", 2)
        patch.setattr(detector_measures, "_RESAMPLES", 2)
        return {(point.source, point.share): point for point in learning_curve(EXAMPLES, turns, replies)}


@pytest.fixture(scope="module")
def told() -> dict[tuple[str, float], Point]:
    """Return the points of vectors that say of each turn whether it resists, and of each reply its level."""
    turns = np.array([[float(each.resists), 1.0] for each in EXAMPLES.turns])
    return points(turns, np.eye(3)[[each.levels[0] for each in EXAMPLES.replies]])


def test_there_is_a_point_for_each_source_and_share(told: dict[tuple[str, float], Point]) -> None:
    """Each source is asked with a quarter, a half and all of its conversations or writers."""
    assert list(told) == [(source, share) for source in SOURCES for share in SHARES]


def test_a_point_says_what_it_was_learned_from(told: dict[tuple[str, float], Point]) -> None:
    """A point counts the turns and replies of its source alone, and fewer for a smaller share."""
    counted = {source: (told[source, 1.0].turns, told[source, 1.0].replies) for source in SOURCES}
    assert counted == {"transcripts": (40, 30), "written": (40, 30), "both": (80, 60)}
    for source in SOURCES:
        counts = [told[source, share].turns for share in SHARES]
        assert counts == sorted(set(counts))


@pytest.mark.parametrize("source", SOURCES)
def test_vectors_that_tell_everything_give_the_best_figures(told: dict[tuple[str, float], Point], source: str) -> None:
    """Vectors that say what is asked give full areas and agreement, whatever was learned from."""
    point = told[source, 1.0]
    assert (point.spoken, point.typed, point.look_alikes) == (1.0, 1.0, 1.0)
    assert point.kappa == dict.fromkeys(Mechanism, pytest.approx(1.0))


def test_vectors_that_tell_nothing_rank_as_chance_does() -> None:
    """Vectors that are all alike rank resistance as chance does, so no label of the tested fold is learned from."""
    point = points(np.ones((len(EXAMPLES.turns), 2)), np.ones((len(EXAMPLES.replies), 2)))["both", 1.0]
    assert point.look_alikes < 0.75
    assert point.spoken < 0.75
