"""The report of a study from turn to turn."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from plugin.plain_text import counted
from plugin.studies.charts import effects_chart
from plugin.studies.effects import Effect
from plugin.studies.question import QuestionFile, TurnsQuestion
from plugin.studies.report import Report, ReportTable, Source
from plugin.studies.turn_study import Equation, TurnResult
from plugin.studies.words import (
    answer_lines,
    correction_words,
    effect_columns,
    effect_rows,
    left_out_words,
    missing_words,
    readable,
)


def turn_report(
    file: QuestionFile,
    question: TurnsQuestion,
    result: TurnResult,
    people: str,
    sources: Sequence[Source],
    made_at: datetime,
) -> Report:
    """Return the report; `people` says how many counsellors are behind it."""
    alpha = question.alpha
    tables = [table for each in result.equations for table in _equation_tables(each, question)]
    answer = [
        line for each in result.equations for line in answer_lines(each.effects, alpha, unit_of(each), each.outcome)
    ]
    if question.moderator:
        moderated = [effect for each in result.equations for effect in each.moderated]
        told = sum(each.is_told_apart(alpha) for each in moderated)
        of = f"{told} of {counted(len(moderated), 'effect')} that could be estimated"
        answer.append(f"{readable(question.moderator)} changes {of}.")
    return Report(
        question=question,
        question_sha256=file.sha256,
        made_at=made_at,
        sources=tuple(sources),
        aloud=(*_aloud(result), people),
        answer=tuple(answer),
        tables=(*tables, _back_table(result.back, alpha)),
        methods=_methods(question, result),
        figures=_figures(result),
    )


def unit_of(equation: Equation) -> str:
    """Return the unit of an equation's effects."""
    is_ratio = any(each.none == 1 for each in equation.effects)
    return "times the odds" if is_ratio else "SD for one more"


def _aloud(result: TurnResult) -> list[str]:
    sessions = max((each.sessions for each in result.equations), default=0)
    groups = max((each.groups for each in result.equations), default=0)
    pairs = max((each.pairs for each in result.equations), default=0)
    return [
        (
            f"n = {sessions} sessions in {counted(groups, 'group')}, with {counted(pairs, 'pair')} of turns."
            " Turns of one session are alike, so it is the sessions that count, and they are few."
        ),
        "What comes after something need not come of it: both know what was said before.",
    ]


def _equation_tables(equation: Equation, question: TurnsQuestion) -> list[ReportTable]:
    alpha, unit = question.alpha, unit_of(equation)
    where = f"{equation.pairs} pairs in {counted(equation.sessions, 'session')}."
    tables = [
        ReportTable(
            title=f"What goes with the client\u2019s next {readable(equation.outcome)}",
            columns=effect_columns("what the counsellor did", "pairs", unit, alpha),
            rows=effect_rows(equation.effects, alpha),
            note=f"{where} For one more than the counsellor\u2019s mean in that session.",
            chart=effects_chart(equation.effects),
        )
    ]
    if equation.moderated and question.moderator:
        moderator = readable(question.moderator)
        named = [
            each.model_copy(update={"predictor": f"{each.predictor} \u00d7 {moderator}"}) for each in equation.moderated
        ]
        tables.append(
            ReportTable(
                title=f"Whether {moderator} changes that, and what goes with {moderator} itself",
                columns=effect_columns("effect", "pairs", unit, alpha),
                rows=effect_rows([*named, *equation.moderator], alpha),
                note=f"Of the client\u2019s next {readable(equation.outcome)}, for one SD more of {moderator}.",
            )
        )
    return tables


def _back_table(effects: Sequence[Effect], alpha: float) -> ReportTable:
    named = [each.model_copy(update={"predictor": f"{each.predictor} \u2192 {each.outcome}"}) for each in effects]
    return ReportTable(
        title="The way back: what the client did before, and what the counsellor does",
        columns=effect_columns("from client to counsellor", "pairs", "SD for one SD", alpha),
        rows=effect_rows(named, alpha),
        note="Described, not asked about, and not corrected for how many they are.",
    )


def _methods(question: TurnsQuestion, result: TurnResult) -> str:
    tests = sum(each.p is not None for equation in result.equations for each in equation.effects)
    return " ".join(
        [
            f"{counted(result.pairs, 'counsellor turn')} stand between two client turns of their session.",
            left_out_words(result.left_out, "pair"),
            missing_words(result.missing, "pair"),
            "Pairs that lack a value that an equation needs were left out of it.",
            "A path model without latent variables, its recursive equations estimated one by one: the next turn of the"
            " client by the turn of the counsellor, the turn before it and the place in the session held constant"
            + (f", with {question.moderator} as moderator." if question.moderator else "."),
            "Predictors were split into session means and distances from them, and effects are those of the distances.",
            (
                "Generalized estimating equations with groups as clusters, independent working correlation and"
                " standard errors corrected for few clusters (Mancl and DeRouen)."
            ),
            f"Two-sided tests at {question.alpha:g}, with {correction_words(question.correction, tests)}.",
            "Moderated effects and the moderator itself were corrected apart.",
            "Outcomes, predictors, rules and seed were written down in the question file.",
        ]
    )


def _figures(result: TurnResult) -> dict[str, Any]:
    equations = [
        asdict(each)
        | {
            name: [effect.model_dump() for effect in getattr(each, name)]
            for name in ("effects", "moderated", "moderator")
        }
        for each in result.equations
    ]
    return asdict(result) | {"equations": equations, "back": [each.model_dump() for each in result.back]}
