"""Techniques against outcomes: do sessions with more of a technique end otherwise, given what was there before?

Each predictor has a model of its own for each outcome, since shares of one whole cannot be told apart in one model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from statsmodels.stats.weightstats import DescrStatsW

from plugin.studies.effects import Effect, adjusted
from plugin.studies.grouping import Grouping, find_groupings
from plugin.studies.imputation import completed, pooled_effect
from plugin.studies.question import Exclusion, SessionOutcome, SessionPredictor, TechniquesQuestion
from plugin.studies.regression import fit_sessions, varies
from plugin.studies.tables import Table
from stream.contracts.errors import Misconfigured

LEAST_WITH: Final = 10
"""Sessions that have any of a technique. With fewer, an effect rests on a handful of people."""
LEAST_ROWS: Final = 20
"""Sessions of which everything is known. With fewer, an interval spans most of what is possible."""
PEOPLE: Final = ("client", "counsellor")


@dataclass(frozen=True)
class Change:
    """How an outcome changed from before the session, in its own unit and in standard deviations."""

    outcome: str
    rows: int
    mean: float
    low: float
    high: float
    p: float
    standardized: float | None
    """The mean change, by the standard deviation before; None where there was no spread before."""


@dataclass(frozen=True)
class TechniqueResult:
    """What a study of techniques found, and of which sessions."""

    sessions: int
    """Sessions in the table."""
    left_out: dict[str, int]
    """How many sessions each rule of exclusion left out, by its reason."""
    missing: dict[str, int]
    """How many of the others lack each column that lacks any."""
    groupings: tuple[Grouping, ...]
    effects: tuple[Effect, ...]
    imputed: tuple[Effect, ...]
    """The same effects with missing values drawn; none where nothing was missing."""
    changes: tuple[Change, ...]


def run_technique_study(question: TechniquesQuestion, sessions: Table, turns: Table | None) -> TechniqueResult:
    """Fit every model that the question asks for.

    Raises:
        Misconfigured: a table lacks a column, or a cell is no number.
    """
    sessions.check_unique("session")
    frame = _columns(question, sessions, turns)
    kept, left_out = exclude_rows(frame, question.exclude)
    numbers = kept.drop(columns=[name for name in PEOPLE if name in kept])
    missing = {name: count for name in numbers if (count := int(numbers[name].isna().sum()))}
    groupings = tuple(find_groupings(kept))
    pairs = [(outcome, predictor) for outcome in question.outcomes for predictor in question.predictors]
    effects = [_effect(kept, outcome, predictor, question, groupings) for outcome, predictor in pairs]
    tables = list(completed(numbers, question.seed)) if missing else []
    imputed = [
        pooled_effect(tables, effect, _held(outcome, question), question.alpha)
        for effect, (outcome, _) in zip(effects, pairs, strict=True)
        if tables
    ]
    return TechniqueResult(
        sessions=len(frame),
        left_out=left_out,
        missing=missing,
        groupings=groupings,
        effects=tuple(adjusted(effects, question.correction)),
        imputed=tuple(adjusted(imputed, question.correction)),
        changes=tuple(
            _change(kept, each.column, each.before, question.alpha) for each in question.outcomes if each.before
        ),
    )


def exclude_rows(frame: pd.DataFrame, rules: Sequence[Exclusion]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows that no rule leaves out, and how many each rule did; a row counts for the first one."""
    counts: dict[str, int] = {}
    for rule in rules:
        column = frame[rule.column]
        low = -np.inf if rule.below is None else rule.below
        high = np.inf if rule.above is None else rule.above
        out = (column < low) | (column > high)
        counts[rule.because] = int(out.sum())
        frame = frame[~out]
    return frame, counts


def _held(outcome: SessionOutcome, question: TechniquesQuestion) -> list[str]:
    """Return the columns that are held constant for an outcome."""
    return [*([outcome.before] if outcome.before else []), *question.covariates]


def _columns(question: TechniquesQuestion, sessions: Table, turns: Table | None) -> pd.DataFrame:
    """Return the columns that the question names, as numbers, with clients and counsellors as they are."""
    frame = pd.DataFrame({name: sessions.numbers(name) for name in sorted(question.columns)})
    for column in PEOPLE:
        if column in sessions.frame:
            frame[column] = sessions.frame[column]
    for each in question.predictors:
        if each.share_of:
            frame[each.name] = sessions.frame["session"].map(_shares(turns, each.share_of))
    return frame


def _shares(turns: Table | None, codes: Sequence[str]) -> pd.Series:
    """Return the share of each session's coded counsellor turns that have one of these codes."""
    if turns is None:
        raise Misconfigured("The question takes shares of codes, which need a table of turns.")
    turns.check_columns("session", "role", "code")
    coded = turns.frame[(turns.frame["role"] == "counsellor") & turns.frame["code"].notna()]
    return coded["code"].isin(codes).groupby(coded["session"]).mean()


def _effect(
    frame: pd.DataFrame,
    outcome: SessionOutcome,
    predictor: SessionPredictor,
    question: TechniquesQuestion,
    groupings: Sequence[Grouping],
) -> Effect:
    held = _held(outcome, question)
    known = frame.dropna(subset=[outcome.column, predictor.name, *held])
    effect = Effect(outcome=outcome.column, predictor=predictor.name, rows=len(known), expected=predictor.expected)
    columns = [predictor.name, outcome.column, *held]
    constant = next((name for name in columns if not varies(known[name])), None)
    with_any = int((known[predictor.name] != 0).sum())
    if len(known) < LEAST_ROWS:
        return effect.model_copy(update={"too_little": f"{len(known)} sessions known, {LEAST_ROWS} needed"})
    if with_any < LEAST_WITH:
        return effect.model_copy(update={"too_little": f"too rare: {with_any} sessions have any, {LEAST_WITH} needed"})
    if constant:
        return effect.model_copy(update={"too_little": f"{constant} does not vary"})
    found = fit_sessions(known, outcome.column, [predictor.name, *held], groupings, question.alpha)
    unit = float(known[outcome.column].std() / known[predictor.name].std())
    figures = {"value": found.value, "low": found.low, "high": found.high, "p": found.p}
    return effect.model_copy(
        update={name: float(each) for name, each in figures.items()} | {"per_unit": float(found.value) * unit}
    )


def _change(frame: pd.DataFrame, after: str, before: str, alpha: float) -> Change:
    known = frame.dropna(subset=[after, before])
    change = DescrStatsW(known[after] - known[before])
    low, high = change.tconfint_mean(alpha=alpha)
    return Change(
        outcome=after,
        rows=len(known),
        mean=float(change.mean),
        low=float(low),
        high=float(high),
        p=float(change.ttest_mean(0)[1]),
        standardized=float(change.mean / known[before].std()) if varies(known[before]) else None,
    )
