"""The levels of the reader are found by the name of the exchange."""

from pathlib import Path

import numpy as np

from stream.contracts.vocabulary import Level, Mechanism
from training.corpora.written import load_written
from training.feedback.own_corpora import from_written
from training.feedback.reader_levels import reader_levels
from training.reader.targets import REPLY_HEADS


def test_levels_are_those_of_the_answers_kept(tmp_path: Path) -> None:
    """Each mechanism of a reply has the level that its own head gives."""
    width = max(head.end for head in REPLY_HEADS.values())
    logits = np.zeros((2, width), dtype=np.float32)
    for row, first in enumerate((0, 2)):
        for place, mechanism in enumerate(Mechanism):
            logits[row, REPLY_HEADS[mechanism.value].start + (first + place) % 3] = 20
    np.savez(
        tmp_path / "fold-0.npz",
        turn_ids=np.array(["A-1"]),
        turns=np.zeros((1, 1)),
        words=np.zeros(1),
        reply_ids=np.array(["A-1/1", "A-1/2"]),
        replies=logits,
    )
    assert reader_levels(tmp_path) == {
        "A-1/1": (Level.NONE, Level.WEAK, Level.STRONG, Level.NONE),
        "A-1/2": (Level.STRONG, Level.NONE, Level.WEAK, Level.STRONG),
    }


def test_the_names_are_those_of_the_recipe() -> None:
    """Our exchanges of a writer whom the reader has not seen all have a level of the reader."""
    unseen = [exchange for exchange in load_written() if exchange.writer == "I"][:20]
    lines = from_written(unseen).lines
    assert lines
    assert {line.exchange for line in lines} <= reader_levels().keys()
