"""The lists of answers and the thresholds of the reader that ships: written for it, and read as scores."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream.contracts.vocabulary import Mechanism
from training.reader.targets import as_json

ANSWERS = "answers.json"
_CERTAIN = 1e-6
"""A probability of 0 or 1 has no logit; where all answers are right, the threshold is rounded to one of them."""


def write_answers(chosen: Mapping[str, object], folder: Path) -> None:
    """Write the names and places of the logits, with the calibration and the thresholds that were chosen."""
    document = json.dumps(as_json() | dict(chosen), indent=1) + "\n"
    (folder / ANSWERS).write_text(document, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Served:
    """The scores from which on a turn is confirmed as resistance, and is surely or possibly critical content."""

    confirm: float
    critical: float
    possible_critical: float


def read_served(folder: Path) -> Served:
    """Return the thresholds in the folder of a served reader."""
    return served_thresholds(json.loads((folder / ANSWERS).read_text(encoding="utf-8")))


def served_thresholds(chosen: Mapping[str, Any]) -> Served:
    """Return the thresholds of a calibration and thresholds as they were chosen or served."""
    (slope, intercept), thresholds = chosen["calibration"], chosen["thresholds"]
    confirm = min(max(thresholds["confirm"], _CERTAIN), 1 - _CERTAIN)
    logit = (math.log(confirm / (1 - confirm)) - intercept) / slope
    return Served(1 / (1 + math.exp(-logit)), thresholds["critical"], thresholds["possible_critical"])


def read_praise(folder: Path) -> dict[Mechanism, float]:
    """Return the probabilities of strong from which on strengths are said, of the reader in a folder."""
    thresholds = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))["thresholds"]
    return {mechanism: thresholds[f"praise_{mechanism}"] for mechanism in Mechanism}
