"""Shows the figures of an evaluation as tables for a terminal, and the variants as a page."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from sklearn.metrics import roc_auc_score

from stream.contracts.vocabulary import ResistanceType
from training.detector.crossval import choose_threshold
from training.detector.evaluation import (
    CriticalShares,
    ResistanceRow,
    Scored,
    critical_shares,
    look_alike_auc,
)
from training.detector.measures import ThresholdMetrics, metrics_at_recall, pr_auc, pr_auc_gain
from training.detector.turns import TRANSCRIPTS, LabelledTurn
from training.detector.unanswered import UnansweredRow
from training.estimate import Estimate

_COST_RECALL = 0.9  # at which the variants' share of flagged turns is compared


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def resistance_table(rows: Sequence[ResistanceRow]) -> Table:
    """Return a table of rankings with intervals, and of what is flagged."""
    title = "Resistance: scores by cross-validation, conversations and writers kept whole; thresholds of other folds"
    columns = ("turns", "resist", "PR-AUC [95%]", "AUC [95%]", "recall", "flagged", "precision")
    table = _table(title, "source", *columns)
    for row in rows:
        at = (row.at.recall, row.at.flagged, row.at.precision)
        ranking = (f"{row.positive:.3f}", f"{row.pr_auc:.3f}", f"{row.auc:.3f}")
        table.add_row(row.source, str(row.turns), *ranking, *(f"{figure:.3f}" for figure in at))
    return table


def behaviours_table(found: Mapping[ResistanceType, tuple[int, float]]) -> Table:
    """Return a table of recall by behaviour in real transcripts."""
    table = _table("Real transcripts by behaviour", "behaviour", "turns", "recall")
    for kind, (turns, recall) in found.items():
        table.add_row(kind.value, str(turns), f"{recall:.2f}")
    return table


def critical_table(rows: Sequence[CriticalShares]) -> Table:
    """Return a table of what is found of critical content, and flagged of what is harmless."""
    title = "Critical content in written turns, by writers that the model did not see: share found"
    table = _table(title, "kind", "turns", "lexicons", "detector", "either")
    for row in rows:
        shares = (row.lexicon, row.detector, row.either)
        table.add_row(row.kind, str(row.turns), *(f"{share:.3f}" for share in shares))
    return table


def unanswered_table(rows: Sequence[UnansweredRow]) -> Table:
    """Return a table of what is marked as an unanswered moment: by the flag alone, and confirmed by the reader."""
    title = "Unanswered moments: marked by the flag alone; confirmed by a reader that saw nothing of what it reads"
    by_flag, by_reader = ([f"{by}: {name}" for name in ("marked", "right", "recall")] for by in ("flag", "confirmed"))
    table = _table(title, "source", "turns", "resist", *by_flag, "read", *by_reader)
    for row in rows:
        counts = (str(row.turns), str(row.resisting))
        table.add_row(row.source, *counts, *_mark_cells(row.flagged), str(row.read), *_mark_cells(row.confirmed))
    return table


def _mark_cells(at: ThresholdMetrics) -> tuple[str, str, str]:
    return f"{at.flagged:.2f}", f"{at.precision:.2f}", f"{at.recall:.2f}"


def own_set_table(shares: Mapping[tuple[str, ResistanceType | None], float], area: Estimate) -> Table:
    """Return a table of recall by behaviour beside false flags of its look-alikes, for the weights that ship."""
    title = f"Our own set, weights that ship, ten lines a cell: resistance above look-alike with AUC {area:.3f}"
    table = _table(title, "behaviour", "recall", "look-alikes flagged")
    for behaviour in (*ResistanceType, None):
        cells = [f"{shares[kind, behaviour]:.2f}" for kind in ("resistance", "look_alike")]
        table.add_row(behaviour.value if behaviour else "all", *cells, style="" if behaviour else "bold")
    return table


_PAGE = """# Every way of scoring that was tried
Made by `python -m training.detector variants DATA`; do not edit. Five folds, conversations, videos and writers kept
whole, scores of folds pooled; a turn has the highest score of its messages. The difference in PR-AUC to what ships is
by paired bootstrap over conversations, 95 %. *flagged*: the share of turns flagged where 0.9 of the resistance is kept.
*critical*: the share of written critical turns that the detector or the lexicons find; *harmless*: the share flagged of
written turns that are neither critical nor resistance. Both at the one threshold that keeps the recall of spoken and
typed transcripts and of critical content. Labels and written turns were made by a language model from a written
codebook.

Not in the table, tried by hand on the same folds with part of the written exchanges:
- A list of 200 resisting phrases of ours, as terms: typed PR-AUC +0.03, spoken +0.005, flagged the same. Left out,
  because a threshold for recall gains nothing by it.
- The mean of word vectors beside the words (each word through all-MiniLM-L6-v2, 64 and 256 dimensions): resistance the
  same, AUC of danger among written turns 0.84 in place of 0.82. Left out, because the gain vanishes at the threshold.
- Runs of three words: the same.

"""


def variants_page(turns: Sequence[LabelledTurn], scores: Mapping[str, Sequence[float]]) -> str:
    """Return a Markdown page with a row for each variant; the others are compared with the first."""
    columns = [f"{source} {figure}" for source in TRANSCRIPTS for figure in ("PR-AUC", "over [95%]", "AUC", "flagged")]
    columns += ["written AUC", "look-alikes AUC", "critical", "harmless"]
    lines = [f"| scored by | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|"]
    reference = next(iter(scores.values()))
    lines += [f"| {name} | {' | '.join(_cells(turns, own, reference))} |" for name, own in scores.items()]
    return _PAGE + "\n".join(lines) + "\n"


def _cells(turns: Sequence[LabelledTurn], scores: Sequence[float], reference: Sequence[float]) -> list[str]:
    cells = []
    for source in TRANSCRIPTS:
        places = [place for place, turn in enumerate(turns) if turn.source == source]
        labels, groups = [turns[place].resists for place in places], [turns[place].group for place in places]
        own, others = [scores[place] for place in places], [reference[place] for place in places]
        over = "" if scores is reference else f"{pr_auc_gain(labels, own, others, groups):+.3f}"
        at = metrics_at_recall(labels, own, _COST_RECALL)
        cells += [f"{pr_auc(labels, own):.3f}", over, f"{roc_auc_score(labels, own):.3f}", f"{at.flagged:.2f}"]
    cut = choose_threshold(turns, scores)
    scored = [Scored(turn, score, score >= cut) for turn, score in zip(turns, scores, strict=True)]
    written = [each for each in scored if each.turn.source == "written" and each.turn.labelled]
    area = roc_auc_score([each.turn.worth_reading for each in written], [each.score for each in written])
    *_, critical, _, harmless = critical_shares(scored)
    return [
        *cells,
        f"{area:.3f}",
        f"{look_alike_auc(scored, 'written').value:.3f}",
        f"{critical.either:.3f}",
        f"{harmless.detector:.2f}",
    ]
