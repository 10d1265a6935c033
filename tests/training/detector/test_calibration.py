"""Calibration turns scores into probabilities, and its error is measured and drawn."""

import random

import pytest

from training.detector.calibration import BINS, Bin, Calibration, calibration_error, reliability_bins, reliability_svg


def _drawn(true: float, count: int = 4_000) -> tuple[list[bool], list[float]]:
    """Return random scores, and labels that are positive with a probability of `true` times the score."""
    source = random.Random(7)
    scores = [source.random() for _ in range(count)]
    return [source.random() < true * score for score in scores], scores


def test_scores_that_tell_too_much_are_lowered() -> None:
    """Scores that are twice the share of positives are lowered, which removes most of the calibration error."""
    labels, scores = _drawn(0.5)
    before = calibration_error(reliability_bins(labels, scores))
    calibrate = Calibration.fit(labels, scores)
    after = calibration_error(reliability_bins(labels, [calibrate(score) for score in scores]))
    assert before == pytest.approx(0.25, abs=0.03)
    assert after < 0.06


def test_the_order_of_scores_is_kept() -> None:
    """Calibration keeps the order of scores, so that PR-AUC does not change."""
    calibrate = Calibration.fit(*_drawn(0.8))
    told = [calibrate(score) for score in (0.0, 0.1, 0.5, 0.9, 1.0)]
    assert told == sorted(told)
    assert all(0 < each < 1 for each in told)


def test_bins_hold_equally_many_from_low_to_high() -> None:
    """Bins hold equally many scores from low to high, and each turn once."""
    bins = reliability_bins(*_drawn(1.0, 105))
    assert len(bins) == BINS
    assert sum(each.turns for each in bins) == 105
    assert [each.predicted for each in bins] == sorted(each.predicted for each in bins)


def test_the_error_weighs_bins_by_their_turns() -> None:
    """The calibration error weighs bins by their turns: 0.075 where three of four turns are off by 0.1."""
    assert calibration_error([Bin(3, 0.5, 0.4), Bin(1, 0.2, 0.2)]) == pytest.approx(0.075)


def test_the_picture_names_each_line_and_its_error() -> None:
    """The picture is SVG without a script, and names each line with its error."""
    picture = reliability_svg({"annomi": [Bin(1, 0.5, 0.4)], "mibot": [Bin(1, 0.5, 0.5)]})
    assert picture.startswith("<svg")
    assert "annomi, ECE 0.100" in picture
    assert "mibot, ECE 0.000" in picture
    assert "<script" not in picture
