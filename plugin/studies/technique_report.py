"""The report of a study of techniques against outcomes."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from plugin.plain_text import counted, join_words
from plugin.studies.charts import effects_chart
from plugin.studies.effects import POWER, Effect, smallest_correlation
from plugin.studies.imputation import DRAWS
from plugin.studies.question import QuestionFile, TechniquesQuestion
from plugin.studies.report import Report, ReportTable, Source
from plugin.studies.technique_study import Change, TechniqueResult
from plugin.studies.words import (
    answer_lines,
    correction_words,
    effect_columns,
    effect_rows,
    figure,
    interval,
    left_out_words,
    missing_words,
    p_value,
    readable,
)

_UNIT: Final = "SD for one SD"


def technique_report(
    file: QuestionFile,
    question: TechniquesQuestion,
    result: TechniqueResult,
    people: str,
    sources: Sequence[Source],
    made_at: datetime,
) -> Report:
    """Return the report; `people` says how many counsellors are behind it."""
    rows = result.sessions - sum(result.left_out.values())
    tables = [_effect_table(result.effects, each.column, question.alpha) for each in question.outcomes]
    if result.changes:
        tables.append(_change_table(result.changes, question.alpha))
    if result.imputed:
        tables.append(_imputed_table(result.imputed, question.alpha))
    return Report(
        question=question,
        question_sha256=file.sha256,
        made_at=made_at,
        sources=tuple(sources),
        aloud=(*_aloud(question, result, rows), people),
        answer=tuple(
            answer_lines(result.effects, question.alpha, _UNIT) + [_change_words(each) for each in result.changes]
        ),
        tables=tuple(tables),
        methods=_methods(question, result, rows),
        figures=asdict(result)
        | {name: [each.model_dump() for each in getattr(result, name)] for name in ("effects", "imputed")},
    )


def _aloud(question: TechniquesQuestion, result: TechniqueResult, rows: int) -> list[str]:
    tests = sum(each.p is not None for each in result.effects)
    held = 1 + len(question.covariates)
    alone = smallest_correlation(rows, held, question.alpha)
    corrected = smallest_correlation(rows, held, question.alpha / max(tests, 1))
    return [
        (
            f"n = {rows} sessions. An effect shows with a chance of {100 * POWER:g} % only from about"
            f" {figure(alone)} SD on, and from {figure(corrected)} SD on after correction for {counted(tests, 'test')}."
            " A smaller one may be there unseen."
        ),
        "What goes together need not cause one another: nobody was assigned to a technique.",
    ]


def _effect_table(effects: Sequence[Effect], outcome: str, alpha: float) -> ReportTable:
    own = [each for each in effects if each.outcome == outcome]
    return ReportTable(
        title=f"What goes with {readable(outcome)}",
        columns=effect_columns("technique", "sessions", _UNIT, alpha),
        rows=effect_rows(own, alpha),
        note="By how many standard deviations the outcome is higher where there is one standard deviation more.",
        chart=effects_chart(own),
    )


def _imputed_table(effects: Sequence[Effect], alpha: float) -> ReportTable:
    named = [each.model_copy(update={"predictor": f"{each.outcome}, {each.predictor}"}) for each in effects]
    return ReportTable(
        title="The same with missing values drawn",
        columns=effect_columns("outcome, technique", "sessions", _UNIT, alpha),
        rows=effect_rows(named, alpha),
        note=f"{DRAWS} completed tables, by Rubin\u2019s rules. Where it differs from the tables above, trust neither.",
    )


def _change_table(changes: Sequence[Change], alpha: float) -> ReportTable:
    return ReportTable(
        title="Change from before the session",
        columns=("outcome", "sessions", "mean change", f"{100 * (1 - alpha):g} % interval", "p", "by the SD before"),
        rows=tuple(
            (
                readable(each.outcome),
                str(each.rows),
                figure(each.mean),
                interval(each.low, each.high),
                p_value(each.p),
                figure(each.standardized),
            )
            for each in changes
        ),
        note="Nobody was left without a session, so this may be time, being asked, or the session.",
    )


def _change_words(change: Change) -> str:
    direction = "rose" if change.mean > 0 else "fell"
    size = f"{figure(abs(change.mean))} on average ({interval(change.low, change.high)})"
    return f"{readable(change.outcome)} {direction} by {size}, with nobody to compare with."


def _methods(question: TechniquesQuestion, result: TechniqueResult, rows: int) -> str:
    carried = [each.column for each in result.groupings if each.problem is None]
    reasons = [each.problem for each in result.groupings if each.problem is not None]
    model = (
        f"Linear mixed models with random intercepts of {join_words([f'{name}s' for name in carried])} (REML)"
        + (", clients within their counsellors" if len(carried) > 1 else "")
        if carried
        else "Least squares with HC3 standard errors"
        + (f" (no mixed model: {'; '.join(reasons)})" if reasons else " (the table names no clients or counsellors)")
    )
    held = [*question.covariates, *(f"{each.before} for {each.column}" for each in question.outcomes if each.before)]
    tests = sum(each.p is not None for each in result.effects)
    return " ".join(
        [
            f"{counted(result.sessions, 'session')} were in the table. {left_out_words(result.left_out, 'session')}",
            f"{rows} were analysed. {missing_words(result.missing, 'session')}",
            "Sessions that lack a value that a model needs were left out of that model"
            + (", and all models were repeated with missing values drawn." if result.imputed else "."),
            f"{model}; a model of its own for each technique and outcome, all measures standardized.",
            f"Held constant: {join_words(held)}." if held else "Nothing was held constant.",
            f"Two-sided tests at {question.alpha:g}, with {correction_words(question.correction, tests)}.",
            "Outcomes, predictors, rules and seed were written down in the question file.",
        ]
    )
