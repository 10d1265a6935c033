"""A line for training passes the check if, and only if, the training recipe takes it."""

import json
from pathlib import Path
from typing import Any

import pytest

from plugin.exports.line_check import passes_gate
from stream.contracts.vocabulary import Mechanism
from tests.training.feedback.samples import line as sample
from training.errors import DataError
from training.feedback.annotated import build_training_set, read_annotated
from training.feedback.data import Arm

AUTONOMY, STANCE, RESONANCE, ORIENTATION = Mechanism


def line(**changes: Any) -> dict[str, Any]:
    """Return a line that the recipe takes, with these changes."""
    whole = sample(0, strengths=["It leaves the choice with the client."], alternatives=[])
    return whole | {"evidence": {mechanism: whole["evidence"].get(mechanism, []) for mechanism in Mechanism}} | changes


def recipe_takes(folder: Path, given: dict[str, Any]) -> bool:
    """Return whether the recipe builds training data with reasons from a line."""
    path = folder / "line.jsonl"
    path.write_text(json.dumps(given) + "\n")
    try:
        return bool(build_training_set(read_annotated(path), Arm.REASONS).items)
    except DataError:
        return False


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({}, True),
        ({"reply": "It is up to you whether the diary goes on, Karola said. My name is Karola."}, True),
        ({"reply": "Words in which nothing is quoted."}, False),
        ({"evidence": {mechanism: [] for mechanism in Mechanism}}, False),
        ({"levels": dict.fromkeys(Mechanism, 0)}, False),
        ({"reasons": dict.fromkeys(Mechanism, "")}, False),
        ({"reasons": dict.fromkeys(Mechanism, "x" * 601)}, False),
        ({"strengths": [""]}, False),
        ({"strengths": ["x" * 401]}, False),
        ({"alternatives": [{"text": "", "mechanism": "stance_alignment"}]}, False),
    ],
    ids=["whole", "name", "no quotation", "none given", "level none", "no reason", "long", "strength", "word", "reply"],
)
def test_the_check_says_what_the_recipe_does(tmp_path: Path, changes: dict[str, Any], passes: bool) -> None:
    """The check and the recipe agree about each line, the ones that pass and the ones that would stop it."""
    given = line(**changes)
    assert passes_gate(given) is passes
    assert recipe_takes(tmp_path, given) is passes
