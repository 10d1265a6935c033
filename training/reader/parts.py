"""What each part of the reader tells of resistance by itself: the encoder, the words, and both together."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from training.detector.measures import metrics_at_recall, pr_auc, pr_auc_gain
from training.estimate import Estimate
from training.reader.evaluate import resistance_scores
from training.reader.examples import UNKNOWN, TurnExample
from training.reader.folds import OutOfFold
from training.reader.words import count_in

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


def part_rows(turns: Sequence[TurnExample], found: OutOfFold) -> list[PartRow]:
    """Measure each part on the turns of each corpus of which it is known whether they resist."""
    scores = {
        "encoder": resistance_scores(count_in(found.turns, -found.words)),
        "words": found.words,
        "both": resistance_scores(found.turns),
    }
    rows = []
    for corpus in CORPORA:
        own = [place for place, turn in enumerate(turns) if turn.source == corpus and turn.resistance != UNKNOWN]
        if not any(turns[place].resists for place in own):
            continue
        labels, groups = [turns[place].resists for place in own], [turns[place].group for place in own]
        encoder = scores["encoder"][own].tolist()
        rows += [
            PartRow(
                corpus,
                part,
                pr_auc(labels, part_scores[own].tolist()),
                pr_auc_gain(labels, part_scores[own].tolist(), encoder, groups),
                metrics_at_recall(labels, part_scores[own].tolist(), RECALL).precision,
            )
            for part, part_scores in scores.items()
        ]
    return rows


def parts_table(name: str, rows: Sequence[PartRow]) -> Table:
    """Return the rows as a table for a terminal."""
    table = Table(title=f"{name}: what each part tells of resistance", title_justify="left")
    for column in ("corpus", "heard by", "PR-AUC", "over the encoder alone [95%]", f"precision at recall {RECALL:g}"):
        table.add_column(column)
    for row in rows:
        gain = "" if row.part == "encoder" else f"{row.gain:+.3f}"
        table.add_row(row.corpus, row.part, f"{row.pr_auc:.3f}", gain, f"{row.precision:.2f}")
    return table
