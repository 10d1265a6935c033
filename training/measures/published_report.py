"""Shows what the measures show on published corpora that an operator has, as tables for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stream.published import annomi_full, oncoco
from stream.published.annomi_full import CODES
from stream.published.formats import find_format
from stream.published.thousand_voices import PHASES, phase_of
from training.corpora.published import read_conversations, read_published
from training.estimate import Estimate
from training.measures.codes import ONCOCO
from training.measures.published import (
    Compared,
    HeardConversation,
    annotators,
    commonest,
    compare_annomi,
    compare_oncoco,
    course_means,
    goes_with_marks,
    hear_conversations,
    marked_replies,
    silenced,
    trajectory_means,
)
from training.measures.sessions import SHIPPED_FOLD, hear_sessions, with_folds
from training.measures.technique import agreement


def print_terms(console: Console, name: str) -> None:
    """Print the licence of a corpus and what its figures do not say, before any figure."""
    if found := find_format(name):
        console.print(f"{found.title}. Licence: {found.licence}. May be used for: {found.may}. Not: {found.may_not}.")
        console.print(found.note)


def print_conversations(console: Console, name: str, path: Path) -> None:
    """Print the course and the distress of a corpus's conversations, and what the seekers' marks go with."""
    print_terms(console, name)
    found = hear_conversations(read_conversations(name, path), hear_sessions)
    _print_means(console, f"Course of {len(found)} conversations: means over sessions", course_means(found))
    if name == "thousand-voices":
        for phase, title in PHASES.items():
            _print_trajectories(console, f"{phase}, {title}", [e for e in found if phase_of(e.conversation) == phase])
    else:
        _print_trajectories(console, "all", found)
    if rows := marked_replies(found):
        table = _table(f"Seekers' marks after {len(rows)} replies: what goes with them", "estimate", "Pearson")
        for given, estimate in goes_with_marks(rows).items():
            table.add_row(given, f"{estimate:.2f}")
        console.print(table)


def print_annomi_full(console: Console, file: Path, data: Path) -> None:
    """Print how far the measure tells the kinds of AnnoMI-full apart, beside its annotators and a constant."""
    print_terms(console, "annomi-full")
    rows = read_published(file, annomi_full.read)
    seen = frozenset(talk.group for talk, fold in with_folds(data) if fold != SHIPPED_FOLD)
    compared = compare_annomi(rows, seen, hear_sessions)
    title = f"AnnoMI-full: main technique as one of nine codes, {len(compared.truth)} turns of unseen videos"
    _print_agreement(console, title, CODES, {"measure": compared}, {"two annotators": annotators(rows)})


def print_oncoco(console: Console, file: Path) -> None:
    """Print how far the measure finds the families of OnCoCo's codes in English messages, beside a constant."""
    print_terms(console, "oncoco")
    compared = compare_oncoco(read_published(file, oncoco.read), hear_sessions)
    title = (
        f"OnCoCo: main technique as one of nine families, {len(compared.truth)} messages, each without what came before"
    )
    _print_agreement(console, title, sorted(set(ONCOCO.values())), {"measure": compared}, {})


def _print_agreement(
    console: Console,
    title: str,
    labels: Sequence[str],
    measured: Mapping[str, Compared],
    others: Mapping[str, Compared],
) -> None:
    table = _table(title, "by", "pairs", "macro-F1", "kappa", "F1 by code")
    rows = {by: (each.truth, each.given, each.groups) for by, each in {**measured, **others}.items()}
    for each in measured.values():
        rows["constant"] = (each.truth, commonest(each) if each.truth else [], each.groups)
    for by, (truth, given, groups) in rows.items():
        if not truth:
            table.add_row(by, "0", "-", "-", "")
            continue
        present = [label for label in labels if label in truth]
        found = agreement(truth, given, groups, present)
        f1 = ", ".join(f"{label} {value:.2f}" for label, value in found.f1.items())
        table.add_row(by, str(len(truth)), f"{found.macro_f1:.2f}", f"{found.kappa:.2f}", f1)
    console.print(table)


def _print_trajectories(console: Console, title: str, found: Sequence[HeardConversation]) -> None:
    if found:
        without = f"{silenced(found)} of {len(found)} have none for critical content"
        _print_means(console, f"Distress, {title}: {without}", trajectory_means(found))


def _print_means(console: Console, title: str, means: Mapping[str, tuple[int, Estimate]]) -> None:
    table = _table(title, "number", "sessions", "mean")
    for name, (sessions, estimate) in means.items():
        table.add_row(name, str(sessions), f"{estimate:.3f}")
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table
