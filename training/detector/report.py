"""Shows the figures of an evaluation as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from stream.contracts.vocabulary import OperatingPoint, ResistanceType
from training.detector.corpora import LabelledTurn
from training.detector.error_analysis import Mistakes, TopicMetrics
from training.detector.evaluation import MetricsRow
from training.detector.measures import ThresholdMetrics, metrics_at_recall, pr_auc, pr_auc_gain
from training.estimate import Estimate

_FIGURES = ("F1", "recall", "precision", "flagged")


def rows_table(title: str, rows: Sequence[MetricsRow]) -> Table:
    """Return a table of PR-AUC with interval, and F1, recall, precision and share flagged at each operating point."""
    table = Table(title=title, title_justify="left")
    for column in ("corpus", "scored by", "turns", "positive", "PR-AUC [95%]", "over linear [95%]"):
        table.add_column(column, no_wrap=True)
    for point in OperatingPoint:
        for figure in _FIGURES:
            table.add_column(f"{point}\n{figure}", justify="right")
    for row in rows:
        cells = [row.corpus, row.name, str(row.turns), f"{row.positive:.3f}"]
        cells.append(f"{row.pr_auc:.3f}")
        cells.append("" if row.gain is None else f"{row.gain:+.3f}")
        for point in OperatingPoint:
            at = row.at[point]
            cells += [f"{figure:.3f}" for figure in (at.f1, at.recall, at.precision, at.flagged)]
        table.add_row(*cells)
    return table


def recall_table(rows: Sequence[tuple[str, str, float, ThresholdMetrics]]) -> Table:
    """Return a table of precision and share flagged at thresholds that keep a share of the labelled resistance."""
    table = Table(title="What keeping a share of the labelled resistance costs", title_justify="left")
    for column in ("corpus", "scored by", "recall", "precision", "flagged"):
        table.add_column(column, justify="left" if column in {"corpus", "scored by"} else "right")
    for corpus, name, recall, at in rows:
        table.add_row(corpus, name, f"{recall:.1f}", f"{at.precision:.3f}", f"{at.flagged:.3f}")
    return table


def topics_table(title: str, rows: Sequence[TopicMetrics]) -> Table:
    """Return a table with a row for each topic."""
    table = Table(title=title, title_justify="left")
    for column in ("topic", "turns", "positive", "PR-AUC", "gate recall", "gate flagged"):
        table.add_column(column, justify="left" if column == "topic" else "right")
    for row in rows:
        figures = (row.positive, row.pr_auc, row.recall, row.flagged)
        table.add_row(row.topic, str(row.turns), *(f"{figure:.2f}" for figure in figures))
    return table


def mistakes_table(title: str, rows: Sequence[Mistakes]) -> Table:
    """Return a table of mistakes with a row for each kind of message."""
    table = Table(title=title, title_justify="left")
    for column in ("kind of message", "mistake", "turns", "wrong", "more than usual"):
        table.add_column(column, justify="left" if column in {"kind of message", "mistake"} else "right")
    for row in rows:
        table.add_row(row.kind, row.way, str(row.turns), str(row.wrong), f"{row.excess:+.0f}")
    return table


def own_set_table(
    name: str, shares: dict[OperatingPoint, dict[tuple[str, ResistanceType | None], float]], area: Estimate
) -> Table:
    """Return a table of recall by behaviour beside false flags of its look-alikes, at each operating point."""
    title = f"Our own set, {name}, ten lines a cell: share flagged; resistance above look-alike with AUC {area:.3f}"
    table = Table(title=title, title_justify="left")
    table.add_column("behaviour")
    for point in OperatingPoint:
        table.add_column(f"{point}\nrecall", justify="right")
        table.add_column(f"{point}\nlook-alikes", justify="right")
    for behaviour in (*ResistanceType, None):
        cells = [behaviour.value if behaviour else "all"]
        for point in OperatingPoint:
            cells += [f"{shares[point][kind, behaviour]:.2f}" for kind in ("resistance", "look_alike")]
        table.add_row(*cells, style="" if behaviour else "bold")
    return table


_PAGE = """# Every way of scoring that was tried
Made by `python -m training.detector variants DATA`; do not edit. Five folds, videos and sessions kept whole,
out-of-fold scores pooled; the difference to the linear detector by paired bootstrap over videos or sessions, 95%.
Precision is what is left where 0.8 of the labelled resistance is kept, flagged the share of turns that takes. The
labels are a proxy: sustain talk, not discord.

Not in the table: fine-tuning the encoder (it takes a GPU or hours; known from an earlier trial: three epochs, with the
turn before, gave 0.24 to 0.35 over four folds of AnnoMI), its layers four to six (by hand: no more than three layers,
at twice the cost), vectors of single words in its place (by hand: AnnoMI 0.27 to 0.29, MIBot 0.65 to 0.68).

"""


def variants_page(turns: Sequence[LabelledTurn], scores: Mapping[str, Any]) -> str:
    """Return a Markdown page with a row for each variant; the others are compared with the first."""
    lines = ["| scored by |", "| --- |"]
    names = list(scores)
    rows = {name: [f"| {name} |"] for name in names}
    for corpus in sorted({turn.corpus for turn in turns}):
        own = np.array([turn.corpus == corpus for turn in turns])
        labels = [turn.resists for turn in turns if turn.corpus == corpus]
        groups = [turn.group for turn in turns if turn.corpus == corpus]
        lines[0] += f" {corpus} PR-AUC | over linear [95%] | precision | flagged |"
        lines[1] += " --- | --- | --- | --- |"
        for name in names:
            given = scores[name][own].tolist()
            at = metrics_at_recall(labels, given, 0.8)
            reference = scores[names[0]][own].tolist()
            over = "" if name == names[0] else f"{pr_auc_gain(labels, given, reference, groups):+.3f}"
            rows[name].append(f" {pr_auc(labels, given):.3f} | {over} | {at.precision:.3f} | {at.flagged:.2f} |")
    return _PAGE + "\n".join([*lines, *("".join(cells) for cells in rows.values())]) + "\n"
