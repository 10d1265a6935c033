"""The figures of an evaluation as tables for a terminal."""

from collections.abc import Sequence

from rich.table import Table

from stream.contracts.vocabulary import OperatingPoint, ResistanceType
from training.detector.evaluation import Row

_FIGURES = ("F1", "recall", "precision", "flagged")


def rows_table(title: str, rows: Sequence[Row]) -> Table:
    """PR-AUC with its interval, then F1, recall, precision and share flagged at each operating point."""
    table = Table(title=title, title_justify="left")
    for column in ("corpus", "scored by", "turns", "positive", "PR-AUC [95%]"):
        table.add_column(column, no_wrap=column != "scored by")
    for point in OperatingPoint:
        for figure in _FIGURES:
            table.add_column(f"{point}\n{figure}", justify="right")
    for row in rows:
        cells = [row.corpus, row.name, str(row.turns), f"{row.positive:.3f}"]
        cells.append(f"{row.pr_auc:.3f} [{row.low:.3f}, {row.high:.3f}]")
        for point in OperatingPoint:
            at = row.at[point]
            cells += [f"{figure:.3f}" for figure in (at.f1, at.recall, at.precision, at.flagged)]
        table.add_row(*cells)
    return table


def own_set_table(shares: dict[OperatingPoint, dict[tuple[str, ResistanceType | None], float]]) -> Table:
    """Recall by behaviour beside the false flags of its look-alikes, at each operating point."""
    table = Table(title="Our own set, ten lines a cell: share flagged", title_justify="left")
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
