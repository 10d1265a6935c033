"""What each part of the reader tells of resistance and its behaviour by itself: the encoder, the words, and both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from training.detector.measures import metrics_at_recall, pr_auc, pr_auc_gain
from training.estimate import Estimate
from training.reader.evaluate import resistance_scores
from training.reader.examples import UNKNOWN, TurnExample
from training.reader.folds import OutOfFold
from training.reader.measures import share
from training.reader.targets import TURN_HEADS
from training.reader.words import take_out

CORPORA = ("annomi", "mibot", "written")
RECALL = 0.4
"""The recall at which moments are confirmed."""


@dataclass(frozen=True, slots=True)
class PartRow:
    """The same turns of a corpus, as one part or both rank them."""

    corpus: str
    part: str
    pr_auc: float
    gain: Estimate
    """In PR-AUC over the encoder alone, by a paired bootstrap over groups."""
    precision: float
    """Where `RECALL` of what resists is found."""
    behaviour: float
    """The share of resisting turns of which it names the behaviour, of 13."""
    behaviour_gain: Estimate
    """In that share over the encoder alone, by a paired bootstrap over groups."""


def part_rows(turns: Sequence[TurnExample], found: OutOfFold) -> list[PartRow]:
    """Measure each part on the turns of each corpus of which it is known whether they resist."""
    encoder = take_out(found.turns, found.words)
    scores = {
        "encoder": resistance_scores(encoder),
        "words": found.words[:, 0],
        "both": resistance_scores(found.turns),
    }
    named = {
        "encoder": _behaviours(encoder),
        "words": found.words[:, 1:].argmax(axis=1) + 1,
        "both": _behaviours(found.turns),
    }
    rows = []
    for corpus in CORPORA:
        own = [place for place, turn in enumerate(turns) if turn.source == corpus and turn.resistance != UNKNOWN]
        resisting = [place for place in own if turns[place].resists]
        if not resisting:
            continue
        labels, groups = [turns[place].resists for place in own], [turns[place].group for place in own]
        by_encoder = scores["encoder"][own].tolist()
        behaviours = np.array([turns[place].resistance for place in resisting])
        right = {part: (names[resisting] == behaviours).astype(float) for part, names in named.items()}
        of_group = [turns[place].group for place in resisting]
        rows += [
            PartRow(
                corpus,
                part,
                pr_auc(labels, part_scores[own].tolist()),
                pr_auc_gain(labels, part_scores[own].tolist(), by_encoder, groups),
                metrics_at_recall(labels, part_scores[own].tolist(), RECALL).precision,
                float(right[part].mean()),
                share((right[part] - right["encoder"]).tolist(), of_group),
            )
            for part, part_scores in scores.items()
        ]
    return rows


def _behaviours(turn_logits: Any) -> Any:
    """Return the likeliest behaviour of each row, given that it resists."""
    head = TURN_HEADS["resistance"]
    return turn_logits[:, head.start + 1 : head.end].argmax(axis=1) + 1


def parts_table(name: str, rows: Sequence[PartRow]) -> Table:
    """Return the rows as a table for a terminal."""
    table = Table(title=f"{name}: what each part tells of resistance", title_justify="left")
    over = "over the encoder alone [95%]"
    for column in ("corpus", "heard by", "PR-AUC", over, f"precision at recall {RECALL:g}", "type of 13", over):
        table.add_column(column)
    for row in rows:
        gains = ("", "") if row.part == "encoder" else (f"{row.gain:+.3f}", f"{row.behaviour_gain:+.3f}")
        precision, behaviour = f"{row.precision:.2f}", f"{row.behaviour:.3f}"
        table.add_row(row.corpus, row.part, f"{row.pr_auc:.3f}", gains[0], precision, behaviour, gains[1])
    return table
