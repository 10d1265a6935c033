"""The analysis of a trial: the groups' levels afterwards, those before held constant, and how far raters agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

from plugin.least_people import LEAST_COUNSELLORS
from plugin.rater_agreement import AgreementEstimate, estimate_over_pairs, rater_pairs
from plugin.studies.effects import Effect, adjusted
from plugin.studies.imputation import completed, pool
from plugin.studies.question import TrialQuestion
from plugin.studies.regression import Coefficient, varies
from plugin.studies.tables import Table, read_table
from plugin.studies.trial.design import GROUPS
from plugin.studies.trial.forms import GUESS, OCCASIONS, RATERS, read_assignment
from plugin.weighted_kappa import kappa_of_tables
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Level, Mechanism

_LEVELS: Final = frozenset(float(level) for level in Level)


@dataclass(frozen=True)
class GroupMeans:
    """The mean level of a group before and after, over those who did both."""

    mechanism: str
    group: str
    people: int
    before: float
    after: float


@dataclass(frozen=True)
class Guesses:
    """How often raters guessed right when a reply was written."""

    guesses: int
    right: int
    low: float
    high: float


@dataclass(frozen=True)
class TrialResult:
    """What a trial found."""

    simulated: bool
    assigned: dict[str, int]
    finished: dict[str, int]
    replies: int
    effects: tuple[Effect, ...]
    """By mechanism: by how many levels the feedback group is above the other afterwards; `per_unit` in SD before."""
    imputed: tuple[Effect, ...]
    """The same with those who left, their levels drawn; none where nobody left."""
    means: tuple[GroupMeans, ...]
    agreement: dict[str, AgreementEstimate]
    """The two raters' weighted kappa by mechanism."""
    guesses: Guesses | None


def run_trial_analysis(question: TrialQuestion, folder: Path) -> tuple[TrialResult, list[Table]]:
    """Analyse a trial's folder, and return what it found with the tables that were read.

    Raises:
        Misconfigured: a file is missing or wrong, or a group has too few people to say anything of it.
    """
    key, sheets = read_table(folder, "key"), [read_table(folder, rater) for rater in RATERS]
    replies = _replies(key, sheets)
    people = pd.DataFrame([vars(each) for each in read_assignment(folder)]).set_index("participant")
    scores = {mechanism: _scores(replies, people, mechanism) for mechanism in Mechanism}
    finished = _finished(scores)
    assigned: dict[str, int] = {group: int((people["group"] == group).sum()) for group in GROUPS}
    few = [group for group, count in finished.items() if count < LEAST_COUNSELLORS]
    if few:
        raise Misconfigured(
            f"Fewer than {LEAST_COUNSELLORS} people of the {few[0]} group have been rated before and after, so a figure"
            " about the group would be one about each of them."
        )
    effects = [_effect(scores[mechanism], mechanism, question.alpha) for mechanism in Mechanism]
    left = sum(assigned.values()) > sum(finished.values())
    imputed = [_imputed(scores[each], each, question) for each in Mechanism if left]
    result = TrialResult(
        simulated=bool((key.frame.get("simulated", pd.Series(dtype=object)).notna()).any()),
        assigned=assigned,
        finished=finished,
        replies=len(replies),
        effects=tuple(adjusted(effects, question.correction)),
        imputed=tuple(adjusted(imputed, question.correction)),
        means=tuple(mean for mechanism in Mechanism for mean in _means(scores[mechanism], mechanism)),
        agreement={each.value: _agreement(replies, each, question.seed) for each in Mechanism},
        guesses=_guesses(replies, sheets, question.alpha),
    )
    return result, [key, *sheets]


def _replies(key: Table, sheets: Sequence[Table]) -> pd.DataFrame:
    """Return the replies of the key with both raters' levels, NaN where a rater gave none."""
    key.check_unique("reply_id")
    key.check_columns("participant", "occasion", "item")
    replies = key.frame.set_index("reply_id")[["participant", "occasion", "item"]]
    for rater, sheet in zip(RATERS, sheets, strict=True):
        sheet.check_unique("reply_id")
        for mechanism in Mechanism:
            levels = sheet.numbers(mechanism.value)
            if not levels.dropna().isin(_LEVELS).all():
                line = int((~levels.isin(_LEVELS) & levels.notna()).idxmax())
                raise Misconfigured(f"{sheet.name}, line {line}: {mechanism.value} is 0, 1, 2 or empty.")
            replies[f"{mechanism}/{rater}"] = pd.Series(levels.to_numpy(), index=sheet.frame["reply_id"])
    return replies


def _scores(replies: pd.DataFrame, people: pd.DataFrame, mechanism: Mechanism) -> pd.DataFrame:
    """Return each assigned person's mean level before and after, with their group and first form as 0 and 1."""
    levels = replies[[f"{mechanism}/{rater}" for rater in RATERS]].mean(axis=1)
    means = {
        occasion: levels[replies["occasion"] == occasion].groupby(replies["participant"]).mean()
        for occasion in OCCASIONS
    }
    found = people.assign(**means)
    return pd.DataFrame(
        {
            "feedback": (found["group"] == "feedback").astype(float),
            "form_b_first": (found["first_form"] == "B").astype(float),
            "before": found["before"],
            "after": found["after"],
        }
    )


def _finished(scores: dict[Mechanism, pd.DataFrame]) -> dict[str, int]:
    known = pd.concat([each[["before", "after"]].notna().all(axis=1) for each in scores.values()], axis=1).all(axis=1)
    feedback = next(iter(scores.values()))["feedback"] == 1
    return {"feedback": int((known & feedback).sum()), "control": int((known & ~feedback).sum())}


def ancova(frame: pd.DataFrame, alpha: float) -> Coefficient:
    """Return by how much the feedback group is above the other afterwards, scores before and forms held constant."""
    columns = [name for name in ("feedback", "before", "form_b_first") if varies(frame[name])]
    fitted = sm.OLS(frame["after"], sm.add_constant(frame[columns])).fit(cov_type="HC3", use_t=True)
    low, high = fitted.conf_int(alpha=alpha).loc["feedback"]
    return Coefficient(fitted.params["feedback"], fitted.bse["feedback"], low, high, fitted.pvalues["feedback"])


def _effect(scores: pd.DataFrame, mechanism: Mechanism, alpha: float) -> Effect:
    known = scores.dropna()
    effect = Effect(outcome=mechanism.value, predictor="feedback", rows=len(known), expected="higher")
    if not varies(known["after"]):
        return effect.model_copy(update={"too_little": "everybody has the same level"})
    found = ancova(known, alpha)
    spread = float(known["before"].std())
    return effect.model_copy(
        update={
            **{name: float(getattr(found, name)) for name in ("value", "low", "high", "p")},
            "per_unit": float(found.value) / spread if spread > 0 else None,
        }
    )


def _imputed(scores: pd.DataFrame, mechanism: Mechanism, question: TrialQuestion) -> Effect:
    effect = Effect(outcome=mechanism.value, predictor="feedback", rows=len(scores), expected="higher")
    if not varies(scores["after"].dropna()):
        return effect.model_copy(update={"too_little": "everybody has the same level"})
    fits = [ancova(table, question.alpha) for table in completed(scores, question.seed)]
    value, low, high, p = pool(fits, question.alpha)
    return effect.model_copy(update={"value": value, "low": low, "high": high, "p": p})


def _means(scores: pd.DataFrame, mechanism: Mechanism) -> list[GroupMeans]:
    known = scores.dropna()
    parts = {"feedback": known[known["feedback"] == 1], "control": known[known["feedback"] == 0]}
    return [
        GroupMeans(mechanism.value, group, len(part), float(part["before"].mean()), float(part["after"].mean()))
        for group, part in parts.items()
    ]


def _agreement(replies: pd.DataFrame, mechanism: Mechanism, seed: int) -> AgreementEstimate:
    raters = [
        [None if np.isnan(level) else int(level) for level in replies[f"{mechanism}/{rater}"]] for rater in RATERS
    ]
    return estimate_over_pairs(rater_pairs(raters), kappa_of_tables, np.random.default_rng(seed))


def _guesses(replies: pd.DataFrame, sheets: Sequence[Table], alpha: float) -> Guesses | None:
    """Return how often both raters guessed right; None where nobody guessed."""
    right: list[bool] = []
    for sheet in sheets:
        if GUESS not in sheet.frame:
            continue
        given = sheet.frame[sheet.frame[GUESS].isin(["before", "after"])]
        truth = replies["occasion"].reindex(given["reply_id"])
        right += [guess == real for guess, real in zip(given[GUESS], truth, strict=True)]
    if not right:
        return None
    low, high = proportion_confint(sum(right), len(right), alpha=alpha, method="wilson")
    return Guesses(len(right), sum(right), float(low), float(high))
