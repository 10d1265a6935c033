"""The reward head learns from preferences alone, and is written beside the library for the reader that is served."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.training.corpora.samples import parsed, reply
from training.corpora.ratings import written_pairs
from training.reader.examples import BEFORE_CHARACTERS, TEXT_CHARACTERS
from training.reader.reward import REGULARISATION, fit_reward, keep_reward, texts_of, write_reward

EXCHANGES = [
    parsed(id=f"Z-{number:03}", replies=[reply("No."), reply("It is yours.", (2, 2, 2, 2))]) for number in range(8)
]


class Opinion(NamedTuple):
    """An opinion, as a reader gives it."""

    vector: Any


class Counting:
    """A reader whose vectors are the number of letters and a constant."""

    fingerprint = "f" * 64

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
        """Return an opinion per pair."""
        self.pairs += pairs
        return [Opinion(np.array([float(len(text)), 1.0])) for _, text in pairs]


def test_what_is_preferred_gets_the_higher_score() -> None:
    """The head puts the chosen above the rejected, and gives no weight to what is the same in both."""
    pairs = written_pairs(EXCHANGES)
    weights = fit_reward(
        pairs, {name: np.array([float(len(text)), 1.0]) for name, (_, text) in texts_of(pairs).items()}
    )
    assert weights[0] > 0
    assert weights[1] == 0


def test_the_order_of_pairs_changes_nothing() -> None:
    """A head has no intercept, so that neither place of a pair is preferred as such."""
    pairs = written_pairs(EXCHANGES)
    vectors = {name: np.array([float(len(text)), 2.0]) for name, (_, text) in texts_of(pairs).items()}
    np.testing.assert_allclose(fit_reward(pairs, vectors), fit_reward(pairs[::-1], vectors), atol=1e-6)


def test_texts_are_read_as_the_served_reader_reads_them() -> None:
    """A reply is read after the end of the client's turn, as far as the reader reads."""
    long = parsed(client=["a" * 2_000 + "end"], replies=[reply("No."), reply("b" * 2_000, (2, 2, 2, 2))])
    texts = texts_of(written_pairs([long]))
    before, text = texts["Z-001/2"]
    assert (len(before), before[-3:], len(text)) == (BEFORE_CHARACTERS, "end", TEXT_CHARACTERS)


def test_the_head_is_written_with_what_it_was_fitted_on(tmp_path: Path) -> None:
    """Two small files hold the weights, and of which reader and how many pairs they are; each reply is read once."""
    reader = Counting()
    assert write_reward(EXCHANGES, reader, tmp_path) == 16
    weights = np.load(tmp_path / "reward.npy", allow_pickle=False)
    assert (weights.dtype, weights.shape) == (np.float32, (2,))
    assert json.loads((tmp_path / "reward.json").read_text()) == {
        "reader": "f" * 64,
        "pairs": 16,
        "least_gap": 1.0,
        "regularisation": REGULARISATION,
    }
    assert len(reader.pairs) == 24


def test_a_head_is_kept_for_the_same_encoder_under_another_name(tmp_path: Path) -> None:
    """A reader whose vectors did not change takes the head over: only its fingerprint is written."""
    write_reward(EXCHANGES, Counting(), tmp_path)
    before, weights = json.loads((tmp_path / "reward.json").read_text()), (tmp_path / "reward.npy").read_bytes()
    keep_reward("a" * 64, tmp_path)
    assert json.loads((tmp_path / "reward.json").read_text()) == before | {"reader": "a" * 64}
    assert (tmp_path / "reward.npy").read_bytes() == weights
