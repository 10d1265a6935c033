"""A shorter model check: of each way of planting text only the first attack."""

from dataclasses import replace

import pytest

from plugin.models.check import stimuli


def plant_few_attacks(patch: pytest.MonkeyPatch) -> None:
    """Let the check plant one attack of each style instead of all, which are two thirds of its questions."""
    few = [replace(style, attacks=style.attacks[:1]) for style in stimuli.attack_styles()]
    patch.setattr(stimuli, "attack_styles", lambda: few)
