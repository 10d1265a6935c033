"""Shows what the measures are worth, as tables for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from stream.measures.anchors import ANCHORS, Dimension
from stream.measures.dynamics import SHOWN
from training.corpora.labels import PLAIN, SECOND_RATER, load_reply_labels
from training.corpora.transcripts import Conversation
from training.measures.codes import CODES, names
from training.measures.counsellor_labels import load_codes
from training.measures.course import (
    Beside,
    culture,
    own_agenda_nearer,
    side_by_side,
    trajectories,
    uptake,
    wordings,
)
from training.measures.dynamics import RatedRow, by_length, fit, out_of_fold, rated_rows, shipped, worth
from training.measures.ratings import CHECK, FIRST, OF_CLIENTS, SECOND, icc, load_ratings, mean_ratings
from training.measures.sessions import SHIPPED_FOLD, HeardTalk, hear_talks, turns_alone
from training.measures.synthetic import compare
from training.measures.technique import (
    agreement,
    coded_turns,
    codes_of_nods,
    heard_codes,
    learn_codes,
    main_codes,
    mix_error,
    own_labels,
    presence,
)


def print_technique(console: Console, data: Path, talks: Sequence[HeardTalk], others: Sequence[Conversation]) -> None:
    """Print how far techniques agree with the codes of AnnoMI and MIBot, and with our own labels."""
    codes = load_codes(data, [*(each.talk for each in talks), *others])
    spoken, typed = (coded_turns(talks, codes, corpus) for corpus in ("annomi", "mibot"))
    groups = [turn.group for turn in spoken]
    truth = [turn.codes[0] for turn in spoken]
    table = _table(
        f"AnnoMI: main technique as one of four codes, {len(spoken)} turns", "by", "macro-F1", "kappa", "F1 by code"
    )
    for by, given in main_codes(spoken, learn_codes(others, codes)).items():
        found = agreement(truth, given, groups, names("annomi"))
        table.add_row(by, f"{found.macro_f1:.2f}", f"{found.kappa:.2f}", _by_label(found.f1))
    console.print(table)
    nods = ", ".join(f"{code} {number}" for code, number in codes_of_nods(others, codes).most_common())
    console.print(f"codes of turns of other videos that the list of acknowledging words names: {nods}")
    table = _table(f"MIBot: which of five codes is in a turn, {len(typed)} turns", "by", "macro-F1", "F1 by code")
    for by, heard in heard_codes(typed).items():
        macro_f1, f1 = presence(typed, heard)
        table.add_row(by, f"{macro_f1:.2f}", _by_label(f1))
    console.print(table)
    table = _table(
        "Mix of a session: mean distance of its shares from the labelled ones", "corpus", "measure", "constant"
    )
    for corpus, error in (("annomi", mix_error(spoken, "annomi")), ("mibot", mix_error(typed, "mibot"))):
        table.add_row(corpus, f"{error['measure']:.3f}", f"{error['constant']:.3f}")
    console.print(table)
    _print_own_labels(console, talks)


def _print_own_labels(console: Console, talks: Sequence[HeardTalk]) -> None:
    labels, second = load_reply_labels() | load_reply_labels(name=PLAIN), load_reply_labels(name=SECOND_RATER)
    truth, given, groups = own_labels(talks, labels)
    present = sorted(set(truth))
    commonest = max(present, key=truth.count)
    both = sorted(second.keys() & labels.keys())
    one, other = ([each[turn].technique.value for turn in both] for each in (labels, second))
    rows = {
        "measure": agreement(truth, given, groups, present),
        "constant": agreement(truth, [commonest] * len(truth), groups, present),
        f"another rater, {len(both)} replies": agreement(one, other, [turn[0] for turn in both], sorted(set(one))),
    }
    table = _table(f"Our own labels of the main technique of 17, {len(truth)} replies", "by", "macro-F1", "kappa", "F1")
    for by, found in rows.items():
        of_each = _by_label(
            {f"{label} ({truth.count(label)})": f1 for label, f1 in found.f1.items() if by == "measure"}
        )
        table.add_row(by, f"{found.macro_f1:.2f}", f"{found.kappa:.2f}", of_each)
    console.print(table)


def agreement_table() -> Table:
    """Return how far the two passes over the same exchanges agree, by dimension."""
    first, second = load_ratings(FIRST), load_ratings(SECOND)
    both = sorted(first.keys() & second.keys())
    table = _table(
        f"Ratings: two passes of one rater over {len(both)} exchanges", "dimension", "ICC(2,1)", "same", "rated 1 to 5"
    )
    for dimension in Dimension:
        one, other = ([each[turn][dimension] for turn in both] for each in (first, second))
        same = np.mean([a == b for a, b in zip(one, other, strict=True)])
        spread = " ".join(str(one.count(step)) for step in range(1, 6))
        table.add_row(ANCHORS[dimension].title, f"{icc(one, other):.2f}", f"{same:.2f}", spread)
    return table


def print_dynamics(console: Console, talks: Sequence[HeardTalk], others: Sequence[Conversation]) -> None:
    """Print how near the baseline of each dimension comes to the ratings, beside length alone and a constant."""
    console.print(agreement_table())
    ratings = mean_ratings()
    table = _table("Dynamics: estimates of conversations that the weights have not seen", *_WORTH)
    for dimension in Dimension:
        rows = rated_rows(talks, ratings, dimension)
        _add_worth(table, dimension, rows, out_of_fold(rows))
    console.print(table)
    check = load_ratings(CHECK)
    alone = hear_talks(turns_alone(others, list(check)))
    table = _table("Dynamics: shipped weights on client turns drawn after the wordings were fixed", *_WORTH)
    for dimension in OF_CLIENTS:
        rows = [
            row
            for each, own in zip(alone, check.values(), strict=True)
            for row in rated_rows([each], {(each.talk.id, 1): own}, dimension)
        ]
        known = [by_length(row) for row in rated_rows(talks, ratings, dimension)]
        given = {
            "baseline": shipped(rows, dimension),
            "length alone": shipped([by_length(row) for row in rows], dimension, fit(known)),
            "constant": np.full(len(rows), np.mean([row.rating for row in rows])),
        }
        _add_worth(table, dimension, rows, given)
    console.print(table)


_WORTH = ("dimension", "shown", "turns", "by", "Pearson", "weighted kappa", "skill over a constant", "over length")


def _add_worth(table: Table, dimension: Dimension, rows: Sequence[RatedRow], given: Mapping[str, np.ndarray]) -> None:
    for by, estimates in given.items():
        found = worth(rows, estimates, given["constant"])
        over_length = worth(rows, estimates, given["length alone"]).skill if by == "baseline" else None
        table.add_row(
            ANCHORS[dimension].title,
            "yes" if dimension in SHOWN else "no",
            str(len(rows)),
            by,
            f"{found.correlation:.2f}" if by != "constant" else "-",
            f"{found.kappa:.2f}",
            f"{found.skill:.2f}",
            "" if over_length is None else f"{over_length:.2f}",
        )


def print_course(console: Console, talks: Sequence[HeardTalk], every: Sequence[Conversation]) -> None:
    """Print human counsellors beside the machine, and what agendas and trajectories are worth."""
    title = "Counsellors of AnnoMI (people, spoken) beside MIBot's (a machine, typed): means over sessions"
    console.print(_beside_table(f"{title}; unseen by the reader", side_by_side(talks)))
    console.print(_beside_table("Wordings of counsellors, all transcripts", wordings(every)))
    table = _table(
        "Replies that repeat a longer word of a client turn", "corpus", "the one before", "another's", "more"
    )
    for corpus in CODES:
        repeated = uptake(every, corpus)
        table.add_row(corpus, f"{repeated.own:.3f}", f"{repeated.other:.3f}", f"{repeated.difference:.3f}")
    console.print(table)
    for corpus in CODES:
        of_culture = culture(every, corpus)
        console.print(
            f"{corpus}: {of_culture.spoken_of} of {of_culture.client_turns} client turns, in {of_culture.sessions}"
            f" sessions, have a wording of culture; {of_culture.taken_up} of {of_culture.replies} replies to them have"
            f" one, and {of_culture.elsewhere:.4f} of all other replies"
        )
    nearer = ", ".join(f"{corpus} {own_agenda_nearer(every, corpus):.2f}" for corpus in ("annomi", "mibot"))
    console.print(f"a session's end shares more words with its own beginning than with another's (chance .5): {nearer}")
    rows = rated_rows(talks, mean_ratings(), Dimension.SELF_DIRECTED_EMOTION)
    table = _table("Distress turn by turn within a session", "by", "sessions", "Pearson (sessions)", "RMSE", "DTW")
    for by, given in out_of_fold(rows).items():
        found = trajectories(rows, given)
        correlation = "-" if by == "constant" else f"{found.correlation:.2f} ({found.with_correlation})"
        table.add_row(by, str(found.sessions), correlation, f"{found.rmse:.2f}", f"{found.dtw:.2f}")
    console.print(table)


def print_comparison(console: Console, real: Sequence[HeardTalk], synthetic: Sequence[HeardTalk]) -> None:
    """Print each quantity in synthetic sessions and in real ones, the corpora apart, and how far apart they are."""
    found = compare(real, synthetic)
    for corpus in sorted({row.corpus for row in found}):
        own = [row for row in found if row.corpus == corpus]
        sessions = sum(each.talk.corpus == corpus for each in real)
        title = f"{len(synthetic)} synthetic sessions beside {sessions} of {corpus}; unseen by the reader"
        table = _table(title, "quantity", corpus, "synthetic", "synthetic less real, in SD")
        for row in own:
            table.add_row(row.name, f"{row.real:.3f}", f"{row.synthetic:.3f}", f"{row.effect:.2f}")
        console.print(table)
        told = [row.effect for row in own if not np.isnan(row.effect.value)]
        near = sum(each.low <= 0 <= each.high for each in told)
        console.print(f"{near} of {len(told)} quantities are not told apart from {corpus} by this many sessions")


def _beside_table(title: str, rows: Iterable[Beside]) -> Table:
    table = _table(title, "number", "people", "machine", "machine less people")
    for row in rows:
        table.add_row(row.name, f"{row.human:.3f}", f"{row.machine:.3f}", f"{row.difference:.3f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def _by_label(f1: Mapping[str, float]) -> str:
    return ", ".join(f"{label} {value:.2f}" for label, value in f1.items())


def print_all(console: Console, data: Path, folds: Sequence[tuple[Conversation, int]]) -> None:
    """Print every table."""
    talks = hear_talks([talk for talk, fold in folds if fold == SHIPPED_FOLD])
    others = [talk for talk, fold in folds if fold != SHIPPED_FOLD]
    console.print(f"{len(talks)} transcripts that the shipped reader has not seen; {len(others)} that it has")
    print_technique(console, data, talks, others)
    print_dynamics(console, talks, others)
    print_course(console, talks, [talk for talk, _ in folds])
