"""The library holds replies that were written for moments of resistance, with directions and expected levels."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.training.corpora.samples import parsed
from tests.training.reader.samples import reply_logits
from training.reader.library import write_library


class Opinion(NamedTuple):
    """An opinion, as a reader gives it."""

    reply: Any
    vector: Any


class Fixed:
    """A reader that finds every reply strong in autonomy, with a vector of the length of its text."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
        """Return an opinion per pair."""
        self.pairs += pairs
        return [Opinion(reply_logits([(2, 0, 0, 0)])[0], np.array([1.0, -float(len(text))])) for _, text in pairs]


def test_replies_are_written_with_their_moments(tmp_path: Path) -> None:
    """Each reply has the id, type and direction of its moment, and its own expected levels."""
    reader = Fixed()
    assert write_library([parsed()], reader, tmp_path) == 1
    table = json.loads((tmp_path / "library.json").read_text())
    (entry,) = table["entries"]
    assert (entry["id"], entry["type"]) == ("Z-001", "discounting")
    assert (entry["client"], entry["text"]) == ("I left it it changes nothing", "You should try again.")
    assert entry["levels"] == pytest.approx([2.0, 0.0, 0.0, 0.0], abs=0.01)
    directions = np.load(tmp_path / "library.npy", allow_pickle=False)
    assert (directions.dtype, directions.tolist()) == (np.int8, [[round(127 / 28), -127]])
    assert reader.pairs == [
        ("", "I left it it changes nothing"),
        ("I left it it changes nothing", "You should try again."),
    ]
