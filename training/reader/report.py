"""Shows what the reader's out-of-fold answers are worth, as tables for a terminal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from stream.contracts.vocabulary import Mechanism
from stream.feedback.models.reader import READER
from stream.model_repository import version_folder
from training.reader.critical_curve import LADDER, critical_curve, sessions_by_lexicon
from training.reader.curve import Point
from training.reader.data import Examples
from training.reader.evaluate import (
    across_folds,
    by_length,
    commonest,
    critical_rows,
    level_rows,
    look_alike_auc,
    look_alike_auc_by_group,
    pairs_in_order,
    recall_by_type,
    resistance_row,
    resistance_scores,
)
from training.reader.examples import ReplyExample, TurnExample
from training.reader.folds import FOLDS, OutOfFold, answered_examples, fold_of_examples
from training.reader.measures import LevelMetrics, level_metrics
from training.reader.parts import part_rows, parts_table
from training.reader.praise import praise_at
from training.reader.served import Served, read_praise, read_served
from training.reader.unseen_thresholds import TurnThresholds, thresholds_of_other_folds

_TRANSCRIPTS = frozenset({"annomi", "mibot"})
SHIPS = "the thresholds that ship: of resistance chosen on all folds, of danger on the first"
UNSEEN = "thresholds chosen for each fold on the others"


def print_report(console: Console, name: str, examples: Examples, found: OutOfFold) -> None:
    """Print every table of one variant."""
    turns, replies = answered_examples(found, examples.turns, examples.replies)
    console.print(f"{name}: {found.folds} of {FOLDS} folds, each read by weights that saw nothing of its groups")
    served = read_served(version_folder(READER))
    _resistance(console, name, turns, found, served, SHIPS)
    _critical(console, name, turns, found, served, SHIPS)
    console.print(parts_table(name, part_rows(turns, found)))
    if found.folds > 1:
        folds = fold_of_examples(examples.turns, examples.replies)
        unseen = thresholds_of_other_folds(turns, found.turns, replies, found.replies, folds)
        _resistance(console, name, turns, found, unseen, UNSEEN)
        _critical(console, name, turns, found, unseen, UNSEEN)
    console.print(_critical_table(name, turns, found, served))
    by_lexicon = ", ".join(f"{corpus} {n} of {total}" for corpus, (n, total) in sessions_by_lexicon(turns).items())
    console.print(f"sessions in which the lexicon alone finds critical content: {by_lexicon}")
    _levels(console, name, replies, found, examples)


def curve_table(points: Iterable[Point]) -> Table:
    """Return the learning curves, a row for each source and share."""
    table = Table(title="Learning curves: a regression on the unchanged encoder", title_justify="left")
    for column in (
        "learned from",
        "share",
        "turns",
        "replies",
        "spoken PR-AUC",
        "typed PR-AUC",
        "look-alikes AUC",
        *(f"kappa, {m}" for m in Mechanism),
    ):
        table.add_column(column)
    for point in points:
        table.add_row(
            point.source,
            f"{point.share:.2f}",
            str(point.turns),
            str(point.replies),
            f"{point.spoken:.2f}",
            f"{point.typed:.2f}",
            f"{point.look_alikes:.2f}",
            *(f"{value:.2f}" for value in point.kappa.values()),
        )
    return table


def _resistance(
    console: Console,
    name: str,
    turns: Sequence[TurnExample],
    found: OutOfFold,
    thresholds: Served | TurnThresholds,
    chosen: str,
) -> None:
    confirm = np.broadcast_to(thresholds.confirm, len(turns))
    table = Table(title=f"{name}: resistance; confirmed at {chosen}", title_justify="left")
    for column in (
        "corpus",
        "turns",
        "resist",
        "PR-AUC [95%]",
        "AUC [95%]",
        "confirmed: precision, recall",
        "precision at recall .4",
        "flagged at recall .9",
        "type of 13",
    ):
        table.add_column(column)
    for corpus in ("annomi", "mibot", "written", "lines"):
        own = [place for place, turn in enumerate(turns) if turn.source == corpus]
        if not own:
            continue
        some = [turns[place] for place in own]
        row = resistance_row(corpus, some, found.turns[own], confirm[own])
        table.add_row(
            corpus,
            str(row.turns),
            f"{row.positive:.3f}",
            f"{row.pr_auc:.2f}",
            f"{row.auc:.2f}",
            f"{row.confirmed.precision:.2f}, {row.confirmed.recall:.2f}",
            f"{row.at_recall[0.4].precision:.2f}",
            f"{row.at_recall[0.9].flagged:.2f}",
            f"{row.type_accuracy:.2f}",
        )
    console.print(table)
    written = [place for place, turn in enumerate(turns) if turn.source in {"written", "lines"}]
    area = look_alike_auc([turns[place] for place in written], found.turns[written])
    console.print(f"resistance against its look-alikes, across writers: AUC {area:.3f}")
    by_writer = look_alike_auc_by_group([turns[place] for place in written], found.turns[written])
    console.print("by writer: " + ", ".join(f"{name} {own.value:.3f}" for name, own in by_writer.items()))
    scores = resistance_scores(found.turns)
    real = [place for place, turn in enumerate(turns) if turn.source in {"annomi", "mibot"}]
    kinds = recall_by_type([turns[place] for place in real], [bool(scores[place] >= confirm[place]) for place in real])
    told = ", ".join(f"{kind} {recall:.2f} of {count}" for kind, (count, recall) in kinds.items() if count)
    console.print(f"confirmed in transcripts, by behaviour: {told}")


def _critical(
    console: Console,
    name: str,
    turns: Sequence[TurnExample],
    found: OutOfFold,
    thresholds: Served | TurnThresholds,
    chosen: str,
) -> None:
    own = [place for place, turn in enumerate(turns) if turn.source in {"written", "danger"}]
    some, logits = [turns[place] for place in own], found.turns[own]
    possible, critical = (
        np.broadcast_to(each, len(turns))[own] for each in (thresholds.possible_critical, thresholds.critical)
    )
    either = critical_rows(some, logits, possible)
    sure = [replace(row, by=f"{row.by}, surely") for row in critical_rows(some, logits, critical)[1:]]
    kinds = sorted({kind for row in either for kind in row.recall})
    table = Table(title=f"{name}: critical content, across writers, at {chosen}", title_justify="left")
    for column in ("by", "recall", "false alarms: sounds dangerous", "false alarms: plain", *kinds):
        table.add_column(column)
    for row in (*either, *sure):
        table.add_row(
            row.by,
            f"{row.all_recall:.2f}",
            f"{row.false_alarms:.2f}",
            f"{row.false_alarms_plain:.3f}",
            *(f"{row.recall[kind]:.2f}" for kind in kinds),
        )
    console.print(table)
    console.print("missed by both: " + ", ".join(either[-1].missed))


def _critical_table(name: str, turns: Sequence[TurnExample], found: OutOfFold, served: Served) -> Table:
    """Return what each threshold of critical content would do; the two that ship are named."""
    ships = {served.critical: "sure", served.possible_critical: "possible"}
    points = list(critical_curve(turns, found.turns, [*LADDER, *ships]))
    corpora = list(points[0].turns)
    table = Table(title=f"{name}: critical content by threshold of the reader", title_justify="left")
    for column in (
        "from",
        "recall",
        "with lexicon",
        "false alarms: sounds dangerous",
        "plain",
        *(f"turns of {corpus}" for corpus in corpora),
        *(f"sessions of {corpus}" for corpus in corpora),
    ):
        table.add_column(column)
    for point in points:
        table.add_row(
            f"{point.threshold:.4f} {ships[point.threshold]}" if point.threshold in ships else f"{point.threshold:.2f}",
            f"{point.recall:.2f}",
            f"{point.recall_with_lexicon:.2f}",
            f"{point.sounds_dangerous:.3f}",
            f"{point.plain:.3f}",
            *(f"{point.turns[corpus]:.4f}" for corpus in corpora),
            *("{} of {}".format(*point.sessions[corpus]) for corpus in corpora),
        )
    return table


def _levels(console: Console, name: str, replies: Sequence[ReplyExample], found: OutOfFold, examples: Examples) -> None:
    folds = fold_of_examples(examples.turns, examples.replies)
    table = Table(title=f"{name}: levels, macro-F1 / weighted kappa", title_justify="left")
    for column in ("corpus", "scored by", "replies", *Mechanism):
        table.add_column(column)
    kinds: dict[str, Callable[[ReplyExample], bool]] = {
        "real replies": lambda reply: reply.source in _TRANSCRIPTS and reply.resisted,
        "real replies, no resistance": lambda reply: reply.source in _TRANSCRIPTS and not reply.resisted,
        "written replies": lambda reply: reply.source == "written",
    }
    for corpus, is_of_it in kinds.items():
        own = [place for place, reply in enumerate(replies) if is_of_it(reply)]
        if not own:
            continue
        some = [replies[place] for place in own]
        rows: dict[str, dict[Mechanism, LevelMetrics]] = {"reader": level_rows(some, found.replies[own])}
        known = [reply for reply in examples.replies if is_of_it(reply)]
        for baseline, rule in (("words counted", by_length), ("commonest level", commonest)):
            levels = across_folds(rule, some, known, folds)
            rows[baseline] = {
                mechanism: level_metrics(
                    [reply.levels[place] for reply in some], levels[mechanism], [reply.group for reply in some]
                )
                for place, mechanism in enumerate(Mechanism)
            }
        for by, row in rows.items():
            table.add_row(
                corpus, by, str(len(some)), *(f"{each.macro_f1:.2f} / {each.kappa:.2f}" for each in row.values())
            )
    console.print(table)
    _praise(console, name, replies, found)
    pairs = pairs_in_order(replies, found.replies)
    shares = ", ".join(f"{mechanism} {estimate:.3f}" for mechanism, estimate in pairs.items())
    mean = np.mean([each.value for each in pairs.values()])
    console.print(f"the better of two written replies above the worse: {shares}; all {mean:.3f}")


def _praise(console: Console, name: str, replies: Sequence[ReplyExample], found: OutOfFold) -> None:
    """Print how often what is called a strength is one; the thresholds were chosen on the same replies."""
    thresholds = read_praise(version_folder(READER))
    table = Table(title=f"{name}: strengths, at the thresholds that ship and for every strong level")
    for column in ("corpus", "mechanism", "from", "strong", "said", "precision", "precision of every strong level"):
        table.add_column(column)
    for corpus, is_written in (("transcripts", False), ("written", True)):
        own = [place for place, reply in enumerate(replies) if (reply.source == "written") is is_written]
        some, logits = [replies[place] for place in own], found.replies[own]
        for mechanism, threshold in thresholds.items() if own else ():
            said, every = (praise_at(each, some, logits, mechanism) for each in (threshold, 0.0))
            row = (
                f"{threshold:.2f}",
                str(said.strong),
                str(said.said),
                f"{said.precision:.2f}",
                f"{every.precision:.2f}",
            )
            table.add_row(corpus, mechanism, *row)
    console.print(table)
