"""Reads the thresholds of the reader that ships, as scores before calibration."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from stream.contracts.vocabulary import Mechanism

ANSWERS = "answers.json"


@dataclass(frozen=True, slots=True)
class Served:
    """The scores from which on a turn is confirmed as resistance, and is surely or possibly critical content."""

    confirm: float
    critical: float
    possible_critical: float


def read_served(folder: Path) -> Served:
    """Return the thresholds in the folder of a served reader."""
    table = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    slope, intercept = table["calibration"]
    confirm = table["thresholds"]["confirm"]
    logit = (math.log(confirm / (1 - confirm)) - intercept) / slope
    thresholds = table["thresholds"]
    return Served(1 / (1 + math.exp(-logit)), thresholds["critical"], thresholds["possible_critical"])


def read_praise(folder: Path) -> dict[Mechanism, float]:
    """Return the probabilities of strong from which on strengths are said, of the reader in a folder."""
    thresholds = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))["thresholds"]
    return {mechanism: thresholds[f"praise_{mechanism}"] for mechanism in Mechanism}
