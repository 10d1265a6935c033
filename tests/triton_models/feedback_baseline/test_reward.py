"""The reward head compares replies to one turn, and what ships belongs to the reader that ships."""

import json

import numpy as np
import pytest

from stream.feedback.models.reader import READER, load_reader
from stream.model_repository import version_folder
from tests.triton_models.feedback_baseline.loading import VERSION_FOLDER, part

reward = part("reward")
HEAD = reward.Reward(np.array([1.0, -2.0]))


def test_what_is_preferred_follows_from_the_difference_of_two_vectors() -> None:
    """A lead of ln 3 is a probability of three in four, and what both vectors share changes nothing."""
    lead = np.array([np.log(3), 0.0])
    assert HEAD.preferred(lead, np.zeros(2)) == pytest.approx(0.75)
    assert HEAD.preferred(lead + 5, np.zeros(2) + 5) == pytest.approx(0.75)


def test_two_orders_of_a_pair_agree() -> None:
    """The probabilities of a pair in both orders sum to 1, and a reply is not preferred to itself."""
    one, other = np.array([0.3, 0.1]), np.array([0.2, 0.4])
    assert HEAD.preferred(one, other) + HEAD.preferred(other, one) == pytest.approx(1.0)
    assert HEAD.preferred(one, one) == 0.5


def test_nothing_is_certain() -> None:
    """However far apart two replies are, the probability stays below 1 and is a number."""
    assert HEAD.preferred(np.array([1e6, 0.0]), np.zeros(2)) == reward.SUREST < 1
    assert 0 <= HEAD.preferred(np.zeros(2), np.array([1e6, 0.0])) < 1e-6


def test_the_shipped_head_belongs_to_the_shipped_reader() -> None:
    """The head was fitted on vectors of the reader that ships, and has a finite weight for each of their numbers."""
    facts = json.loads((VERSION_FOLDER / "reward.json").read_text())
    folder = version_folder(READER)
    assert facts["reader"] == load_reader(folder)[0].fingerprint(folder)
    weights = reward.Reward.read(VERSION_FOLDER).weights
    assert weights.shape == (384,)
    assert np.isfinite(weights).all()
    assert facts["pairs"] > 1_000
