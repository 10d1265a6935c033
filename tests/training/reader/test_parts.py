"""Each part of the reader is measured alone and beside both together, on the same turns."""

import io

import numpy as np
import pytest
from rich.console import Console

from tests.training.reader.samples import turn, turn_logits
from training.reader.examples import TurnExample
from training.reader.folds import OutOfFold
from training.reader.parts import part_rows, parts_table
from training.reader.targets import RESISTANCE
from training.reader.words import count_in

LABELS = ["blaming", "none", "none", "blaming", "none", "none", "blaming", "none"]
HEARD = ["blaming", "none", "blaming", "none", "none", "none", "blaming", "none"]
"""The encoder misses one of three and hears one that is none."""
LOGITS = np.array([9.0, -9.0, -9.0, 9.0, -9.0, 9.0, -9.0, -9.0])
"""So do the words, but others."""
BEHAVIOUR = np.array([RESISTANCE.index(name) for name in ("blaming", *["pessimism"] * 7)])
"""The words name the behaviour of one of three rightly; the encoder of two."""


def examples(source: str = "annomi") -> list[TurnExample]:
    """Return eight turns of four groups."""
    return [turn(number, label, source) for number, label in enumerate(LABELS)]


def answers() -> OutOfFold:
    """Return what encoder and words say of them."""
    scores = np.eye(len(RESISTANCE))[BEHAVIOUR][:, 1:] * 3.0
    heard = np.concatenate([LOGITS[:, None], scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))], axis=1)
    logits = count_in(turn_logits(HEARD), heard)
    return OutOfFold(1, tuple(each.id for each in examples()), logits, heard, (), np.zeros((0, 38)))


def test_parts_that_err_differently_are_better_together() -> None:
    """Where each part misses what the other hears, both together rank better than either."""
    encoder, words, both = part_rows(examples(), answers())
    assert (encoder.part, words.part, both.part) == ("encoder", "words", "both")
    assert both.pr_auc > max(encoder.pr_auc, words.pr_auc)
    assert both.gain.value == pytest.approx(both.pr_auc - encoder.pr_auc)
    assert encoder.gain.value == 0


def test_each_part_names_behaviours() -> None:
    """Of the turns that resist each part names the behaviour of a share, and the gain is over the encoder's."""
    encoder, words, both = part_rows(examples(), answers())
    assert encoder.behaviour == pytest.approx(2 / 3)
    assert words.behaviour == pytest.approx(1 / 3)
    assert both.behaviour_gain.value == pytest.approx(both.behaviour - encoder.behaviour)
    assert encoder.behaviour_gain.value == 0


def test_each_corpus_with_resistance_in_it_has_its_rows() -> None:
    """A corpus of which no turn resists has no rows; single lines have none either."""
    assert {row.corpus for row in part_rows(examples("mibot"), answers())} == {"mibot"}
    assert part_rows(examples("lines"), answers()) == []
    assert part_rows([turn(number, "none", "annomi") for number in range(8)], answers()) == []


def test_the_table_names_corpus_part_and_gain() -> None:
    """The printed table has a line for each row, without a gain of the encoder over itself."""
    console = Console(width=200, file=io.StringIO())
    console.print(parts_table("both", part_rows(examples(), answers())))
    assert isinstance(console.file, io.StringIO)
    lines = [line for line in console.file.getvalue().splitlines() if "annomi" in line]
    assert [line.split()[3] for line in lines] == ["encoder", "words", "both"]
    assert [line.count("[") for line in lines] == [0, 2, 2]
