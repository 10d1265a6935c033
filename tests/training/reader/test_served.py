"""The thresholds that ship are read as scores before calibration."""

import json
from pathlib import Path

import pytest

from stream.contracts.vocabulary import Mechanism
from training.reader.served import ANSWERS, read_praise, read_served

CRITICAL = {"critical": 0.8, "possible_critical": 0.2}


def served(folder: Path, calibration: tuple[float, float], confirm: float) -> float:
    """Write an answers file, and return the score from which on a turn is confirmed."""
    table = {"calibration": calibration, "thresholds": {"confirm": confirm} | CRITICAL}
    (folder / ANSWERS).write_text(json.dumps(table))
    return read_served(folder).confirm


def test_without_calibration_the_score_is_the_threshold(tmp_path: Path) -> None:
    """A calibration that changes nothing leaves the threshold as it is."""
    assert served(tmp_path, (1.0, 0.0), 0.3) == pytest.approx(0.3)


def test_the_score_is_what_calibration_makes_the_threshold(tmp_path: Path) -> None:
    """With half the slope, a probability of .3 is reached by a score of .155."""
    assert served(tmp_path, (0.5, 0.0), 0.3) == pytest.approx(0.155, abs=1e-3)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_of_certainty_is_a_score(tmp_path: Path, threshold: float) -> None:
    """A threshold that is rounded to 0 or 1 is read as a score close to it."""
    assert served(tmp_path, (1.0, 0.0), threshold) == pytest.approx(threshold, abs=1e-5)


def test_critical_content_has_thresholds_of_its_own(tmp_path: Path) -> None:
    """The two thresholds of critical content are not calibrated."""
    served(tmp_path, (0.5, 0.1), 0.3)
    found = read_served(tmp_path)
    assert {"critical": found.critical, "possible_critical": found.possible_critical} == CRITICAL


def test_praise_has_a_threshold_for_each_mechanism(tmp_path: Path) -> None:
    """The thresholds of praise are read by mechanism."""
    own = {f"praise_{mechanism}": 0.5 + place / 10 for place, mechanism in enumerate(Mechanism)}
    (tmp_path / ANSWERS).write_text(json.dumps({"thresholds": own}))
    assert read_praise(tmp_path) == {mechanism: own[f"praise_{mechanism}"] for mechanism in Mechanism}
