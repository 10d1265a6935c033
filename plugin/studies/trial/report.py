"""The report of a trial of feedback, and the plan that is read before it begins."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from math import isnan
from typing import Final

from plugin.plain_text import counted
from plugin.rater_agreement import AgreementEstimate
from plugin.studies.charts import effects_chart
from plugin.studies.effects import Effect
from plugin.studies.imputation import DRAWS
from plugin.studies.question import QuestionFile, TrialQuestion
from plugin.studies.report import Report, ReportTable, Source
from plugin.studies.trial.analysis import Guesses, TrialResult
from plugin.studies.trial.design import people_needed, smallest_effect_of
from plugin.studies.trial.items import load_items
from plugin.studies.words import correction_words, effect_columns, effect_rows, figure, interval, readable
from stream.contracts.vocabulary import Mechanism

_UNIT: Final = "levels"
_PEOPLE_OF_THE_PAPER: Final = 43
"""Counsellors in the experiment of arXiv 2602.21638; the sizes of its groups are not public."""
_LOSS: Final = 0.15
"""Of the people, who are gone before the end in trials of this kind; a plan that allows for none is too small."""


def plan_lines(question: TrialQuestion) -> Iterator[str]:
    """Yield what the plan of a trial says: how many people it needs, and what fewer could find."""
    needed = people_needed(question)
    begin = 2 * round(needed / (1 - _LOSS) + 0.5)
    yield (
        f"Each group needs {needed} people at the end, to find a difference of {figure(question.smallest_effect)} SD"
        f" with a chance of {100 * question.power:g} % at {question.alpha:g}, corrected for {len(Mechanism)}"
        f" mechanisms, if scores before and after correlate by {figure(question.before_after_correlation)}."
    )
    yield f"Begin with {begin} people in all, since about {100 * _LOSS:g} % are gone before the end."
    for people in (20, _PEOPLE_OF_THE_PAPER, 60, 100):
        yield f"{people} people in all find a difference of {figure(smallest_effect_of(people, question))} SD or more."
    each = len(load_items()) // 2
    yield f"Everybody replies to {each} invented client turns before and to {each} others after; two people rate them."


def trial_report(
    file: QuestionFile, question: TrialQuestion, result: TrialResult, sources: Sequence[Source], made_at: datetime
) -> Report:
    """Return the report."""
    named = [each.model_copy(update={"predictor": each.outcome}) for each in result.effects]
    tables = [
        ReportTable(
            title="Feedback against none, afterwards",
            columns=(*effect_columns("mechanism", "people", _UNIT, question.alpha), "in SD before"),
            rows=tuple(
                (*row, figure(each.per_unit))
                for row, each in zip(effect_rows(named, question.alpha), named, strict=True)
            ),
            note="By how many levels, of 0 to 2, the feedback group is above the other, levels before held constant.",
            chart=effects_chart(named),
        ),
        _means_table(result),
        *([_imputed_table(result.imputed, question.alpha)] if result.imputed else []),
        _agreement_table(result.agreement),
    ]
    return Report(
        question=question,
        question_sha256=file.sha256,
        made_at=made_at,
        sources=tuple(sources),
        aloud=tuple(_aloud(question, result)),
        answer=tuple(_answer(result, question.alpha)),
        tables=tuple(tables),
        methods=_methods(question, result),
        figures=asdict(result)
        | {name: [each.model_dump() for each in getattr(result, name)] for name in ("effects", "imputed")},
    )


def _aloud(question: TrialQuestion, result: TrialResult) -> Iterator[str]:
    if result.simulated:
        yield "SIMULATED: no person took part. This is a simulation, and says nothing of feedback."
    people = sum(result.finished.values())
    found = smallest_effect_of(people, question)
    yield (
        f"n = {people} people: {result.finished['feedback']} with feedback, {result.finished['control']} without."
        f" So many find a difference of {figure(found)} SD or more with a chance of {100 * question.power:g} %."
    )
    if gone := sum(result.assigned.values()) - people:
        yield f"{counted(gone, 'person', 'people')} of {sum(result.assigned.values())} assigned did not finish."
    yield "Replies to invented turns are not sessions with clients, and how hard the items are was never measured."


def _answer(result: TrialResult, alpha: float) -> Iterator[str]:
    for each in result.effects:
        size = f"{figure(each.value)} levels ({interval(each.low, each.high)})"
        yield f"{readable(each.outcome)}: {each.says(alpha)}" + (f", {size}." if each.value is not None else ".")
    if result.guesses is not None:
        yield _guess_words(result.guesses)


def _guess_words(guesses: Guesses) -> str:
    share = f"{100 * guesses.right / guesses.guesses:.0f} %"
    blind = "as by chance" if guesses.low <= 1 / 2 <= guesses.high else "which is not chance: the raters were not blind"
    return f"Raters guessed right when a reply was written in {share} of {guesses.guesses}, {blind}."


def _means_table(result: TrialResult) -> ReportTable:
    return ReportTable(
        title="Mean levels before and after",
        columns=("mechanism", "group", "people", "before", "after"),
        rows=tuple(
            (readable(each.mechanism), each.group, str(each.people), figure(each.before), figure(each.after))
            for each in result.means
        ),
        note="Of those who replied before and after.",
    )


def _imputed_table(effects: Sequence[Effect], alpha: float) -> ReportTable:
    named = [each.model_copy(update={"predictor": each.outcome}) for each in effects]
    return ReportTable(
        title="The same with those who did not finish",
        columns=effect_columns("mechanism", "people", _UNIT, alpha),
        rows=effect_rows(named, alpha),
        note=f"Their levels afterwards drawn in {DRAWS} completed tables, by Rubin\u2019s rules.",
    )


def _agreement_table(agreement: dict[str, AgreementEstimate]) -> ReportTable:
    return ReportTable(
        title="How far the two raters agree",
        columns=("mechanism", "weighted kappa", "95 % interval"),
        rows=tuple((readable(name), *_kappa(each)) for name, each in agreement.items()),
        note="Quadratic weights. In arXiv 2602.21638 licensed counsellors agreed with kappas of .74 to .77.",
    )


def _kappa(estimate: AgreementEstimate) -> tuple[str, str]:
    if isnan(estimate.value):
        return "not defined", ""
    return figure(estimate.value), interval(estimate.low, estimate.high)


def _methods(question: TrialQuestion, result: TrialResult) -> str:
    repeated = ", and the comparison was repeated with their scores drawn" if result.imputed else "; there were none"
    corrected = correction_words(question.correction, len(result.effects))
    return (
        f"{sum(result.assigned.values())} people were assigned to feedback or none by chance, in blocks of four within"
        " strata; half of each group replied to form A before and to form B after, half the other way round. Two people"
        f" rated {counted(result.replies, 'reply', 'replies')} in orders of chance, without knowing by whom or when"
        " they were written; a person\u2019s score is the mean over items and raters. Scores after were compared"
        " between groups by least squares with HC3 standard errors, scores before and the order of forms held constant."
        f" People without a score after were left out{repeated}. Two-sided tests at {question.alpha:g}, with"
        f" {corrected}."
    )
