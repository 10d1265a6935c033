"""Turn to turn: does what a counsellor does in one turn go with what the client does in the next?

A path model without latent variables. Its equations are recursive, so each is estimated by itself:

1. what the client does next, by what the counsellor did, by what stands for rapport, and by both together, with what
   the client did in the turn before and the place in the session held constant;
2. what the counsellor does, by what the client did in the turn before, with the counsellor's own turn before held
   constant.

Each predictor is split into the mean of its session and the distance from it, and effects are those of the distance:
what differs between sessions, such as their people, cannot stand behind them. Turns of one group are alike, so
intervals are those of generalized estimating equations with groups as clusters, corrected for few of them (Mancl and
DeRouen, 2001).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.stats import norm

from plugin.studies.effects import Effect, adjusted
from plugin.studies.question import TurnOutcome, TurnsQuestion
from plugin.studies.regression import standardized, varies
from plugin.studies.tables import Table
from plugin.studies.technique_study import exclude_rows
from plugin.studies.turn_pairs import BEFORE, OWN_BEFORE, turn_pairs, within_sessions
from stream.contracts.errors import Misconfigured

LEAST_PAIRS: Final = 100
"""Pairs of turns. With fewer, an equation of a dozen terms is fitted to chance."""
LEAST_GROUPS: Final = 20
"""Groups. With fewer, the corrected intervals are still too narrow."""
LEAST_EVENTS: Final = 20
"""Turns with, and without, what a binary outcome says."""


@dataclass(frozen=True)
class Equation:
    """One fitted equation: whose turns, how many, and what it found."""

    outcome: str
    pairs: int
    sessions: int
    groups: int
    effects: tuple[Effect, ...]
    """Of what the counsellor did."""
    moderated: tuple[Effect, ...]
    """How much each effect changes for one standard deviation more of the moderator."""
    moderator: tuple[Effect, ...]
    """Of the moderator itself, if there is one."""


@dataclass(frozen=True)
class TurnResult:
    """What a study of turns found, and of which turns."""

    pairs: int
    left_out: dict[str, int]
    missing: dict[str, int]
    equations: tuple[Equation, ...]
    back: tuple[Effect, ...]
    """Of what the client did before on what the counsellor does: described, not asked about."""


def run_turn_study(question: TurnsQuestion, turns: Table) -> TurnResult:
    """Fit the equations that the question asks for.

    Raises:
        Misconfigured: a table lacks a column, or a cell is no number.
    """
    outcomes = [each.column for each in question.outcomes]
    predictors = [each.name for each in question.predictors]
    held = [question.moderator] if question.moderator else []
    ruled = {rule.column for rule in question.exclude} - {*predictors, *held}
    pairs = turn_pairs(turns, outcomes, [*predictors, *held, *sorted(ruled)])
    kept, left_out = exclude_rows(pairs, question.exclude)
    named = [*outcomes, *(f"{name}{BEFORE}" for name in outcomes), *predictors, *held]
    equations = [_equation(kept, outcome, question) for outcome in question.outcomes]
    return TurnResult(
        pairs=len(pairs),
        left_out=left_out,
        missing={name: count for name in named if (count := int(kept[name].isna().sum()))},
        equations=tuple(_adjusted(equations, question)),
        back=tuple(_back(kept, outcome, name, question.alpha) for outcome in question.outcomes for name in predictors),
    )


def _adjusted(equations: Sequence[Equation], question: TurnsQuestion) -> list[Equation]:
    """Correct for the number of effects over all equations, and apart for that of moderated ones."""
    effects = iter(adjusted([each for equation in equations for each in equation.effects], question.correction))
    moderated = iter(adjusted([each for equation in equations for each in equation.moderated], question.correction))
    direct = iter(adjusted([each for equation in equations for each in equation.moderator], question.correction))
    return [
        Equation(
            equation.outcome,
            equation.pairs,
            equation.sessions,
            equation.groups,
            tuple(next(effects) for _ in equation.effects),
            tuple(next(moderated) for _ in equation.moderated),
            tuple(next(direct) for _ in equation.moderator),
        )
        for equation in equations
    ]


def _equation(pairs: pd.DataFrame, outcome: TurnOutcome, question: TurnsQuestion) -> Equation:
    names = [each.name for each in question.predictors]
    moderator = question.moderator
    before = f"{outcome.column}{BEFORE}"
    known = pairs.dropna(subset=[outcome.column, before, *names, *([moderator] if moderator else [])])
    sizes = len(known), known["session"].nunique(), known["group"].nunique()
    none = 1.0 if outcome.binary else 0.0
    blanks = [
        Effect(outcome=outcome.column, predictor=each.name, rows=len(known), expected=each.expected, none=none)
        for each in question.predictors
    ]
    if outcome.binary and not known[outcome.column].isin([0, 1]).all():
        raise Misconfigured(f"The question calls {outcome.column} binary, and it holds more than 0 and 1.")
    problem = _problem(known, outcome, names)
    if problem:
        return Equation(
            outcome.column, *sizes, tuple(each.model_copy(update={"too_little": problem}) for each in blanks), (), ()
        )
    y = known[outcome.column]
    unit = 1.0 if outcome.binary else float(y.std())
    design = pd.DataFrame({"before": standardized(known[before]), "place": standardized(known["place"])})
    rapport = standardized(known[moderator]) if moderator else None
    if rapport is not None:
        design["moderator"] = rapport
    for place, name in enumerate(names):
        design[f"d{place}"], design[f"m{place}"] = within_sessions(known, name)
        if rapport is not None:
            design[f"i{place}"] = design[f"d{place}"] * rapport
    fitted = _fit(y / unit, design, known["group"], binary=outcome.binary)
    read = _Reader(fitted, question.alpha, outcome.binary)
    effects = tuple(read.effect(f"d{place}", each) for place, each in enumerate(blanks))
    if rapport is None:
        return Equation(outcome.column, *sizes, effects, (), ())
    unasked = [each.model_copy(update={"expected": "unknown"}) for each in blanks]
    moderated = tuple(read.effect(f"i{place}", each) for place, each in enumerate(unasked))
    direct = read.effect("moderator", unasked[0].model_copy(update={"predictor": moderator}))
    return Equation(outcome.column, *sizes, effects, moderated, (direct,))


def _problem(known: pd.DataFrame, outcome: TurnOutcome, names: Sequence[str]) -> str | None:
    if len(known) < LEAST_PAIRS:
        return f"{len(known)} pairs known, {LEAST_PAIRS} needed"
    if known["group"].nunique() < LEAST_GROUPS:
        return f"{known['group'].nunique()} groups, {LEAST_GROUPS} needed"
    for name in names:
        if not varies(within_sessions(known, name)[0]):
            return f"{name} does not vary within sessions"
    counts = known[outcome.column].value_counts()
    if outcome.binary and min(counts.get(0.0, 0), counts.get(1.0, 0)) < LEAST_EVENTS:
        return f"too rare: {LEAST_EVENTS} turns with 1 and with 0 are needed"
    return None


@dataclass(frozen=True)
class _Reader:
    """Reads effects off a fitted equation; those of a binary outcome are ratios of odds."""

    fitted: Any
    alpha: float
    binary: bool

    def effect(self, term: str, blank: Effect) -> Effect:
        """Return the effect of one term."""
        value, error = float(self.fitted.params[term]), float(self.fitted.bse[term])
        reach = float(norm.ppf(1 - self.alpha / 2)) * error
        figures = {"value": value, "low": value - reach, "high": value + reach}
        if self.binary:
            figures = {name: float(np.exp(each)) for name, each in figures.items()}
        return blank.model_copy(update=figures | {"p": float(2 * norm.sf(abs(value) / error))})


def _fit(y: pd.Series, design: pd.DataFrame, groups: pd.Series, *, binary: bool) -> Any:
    family = sm.families.Binomial() if binary else sm.families.Gaussian()
    model = sm.GEE(y, sm.add_constant(design, has_constant="add"), groups=groups, family=family)
    return model.fit(cov_type="bias_reduced")


def _back(pairs: pd.DataFrame, outcome: TurnOutcome, name: str, alpha: float) -> Effect:
    """Return how what the counsellor does goes with what the client did before, both standardized."""
    before, own = f"{outcome.column}{BEFORE}", f"{name}{OWN_BEFORE}"
    known = pairs.dropna(subset=[name, own, before])
    blank = Effect(outcome=name, predictor=outcome.column, rows=len(known))
    if len(known) < LEAST_PAIRS or known["group"].nunique() < LEAST_GROUPS:
        return blank.model_copy(update={"too_little": f"{len(known)} pairs known, {LEAST_PAIRS} needed"})
    columns = {"before": before, "own": own, "place": "place"}
    if not all(varies(each) for each in (known[before], known[own], within_sessions(known, name)[0])):
        return blank.model_copy(update={"too_little": "nothing varies"})
    design = pd.DataFrame({term: standardized(known[column]) for term, column in columns.items()})
    return _Reader(_fit(standardized(known[name]), design, known["group"], binary=False), alpha, False).effect(
        "before", blank
    )
