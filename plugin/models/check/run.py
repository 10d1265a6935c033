"""`counterpoint model check`: ask the served model everything, judge, and write the report."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from plugin.models.check import stimuli
from plugin.models.check.case_runner import CaseRunner
from plugin.models.check.cases import Case, Variant, build_cases
from plugin.models.check.checks import judge_outcomes
from plugin.models.check.outcome_journal import OutcomeJournal
from plugin.models.check.report import CheckReport, make_report
from plugin.models.check.results import CheckedModel
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.base import Deadline
from stream.feedback.models.factory import open_model
from stream.feedback.models.prompt import REWORDED
from stream.runtime.settings import FeedbackSettings

ProgressCallback = Callable[[int, int], None]
"""Called with the number of cases done and the number of all cases."""


def run_model_check(
    settings: FeedbackSettings,
    folder: Path,
    *,
    published: Path | None = None,
    fresh: bool = False,
    report_progress: ProgressCallback = lambda *_: None,
) -> CheckReport:
    """Run every check against the model that Triton serves; resumes an interrupted run.

    Raises:
        Unavailable: the model is away.
        Misconfigured: it is not the one this version speaks to, or `published` or `folder` cannot be used.
    """
    return asyncio.run(_run_model_check(settings, folder, published, fresh, report_progress))


async def _run_model_check(
    settings: FeedbackSettings, folder: Path, published: Path | None, fresh: bool, report_progress: ProgressCallback
) -> CheckReport:
    model, reworded = open_model(settings), open_model(settings, instructions=REWORDED)
    try:
        for each in (model, reworded):
            await each.canary(Deadline.after(settings.deadline_s))
        version = model.version
        checked_model = CheckedModel(version.is_baseline, settings.deadline_s)
        cases = build_cases(checked_model, published)
        journal = OutcomeJournal(folder / "model-check.progress.jsonl", _run_identity(version, published))
        journal.open(fresh=fresh)
        runners = {variant: CaseRunner(model, settings.deadline_s) for variant in Variant}
        runners[Variant.REWORDED] = CaseRunner(reworded, settings.deadline_s)
        await _run_cases(cases, journal, runners, settings.concurrency, report_progress)
        outcomes = {case.name: journal.outcomes[case.name] for case in cases}
        report = make_report(version, judge_outcomes(outcomes, checked_model), stimuli.version(), datetime.now(UTC))
        report.write(folder)
        journal.remove()
        return report
    finally:
        await model.close()
        await reworded.close()


async def _run_cases(
    cases: list[Case],
    journal: OutcomeJournal,
    runners: Mapping[Variant, CaseRunner],
    concurrency: int,
    report_progress: ProgressCallback,
) -> None:
    slots = asyncio.Semaphore(concurrency)
    left = [case for case in cases if case.name not in journal.outcomes]
    done = len(cases) - len(left)
    report_progress(done, len(cases))

    async def one(case: Case) -> None:
        nonlocal done
        async with slots:
            screened = case.variant is not Variant.UNSCREENED
            outcome = await runners[case.variant].run(case.name, case.exchange, use_lexicon=screened)
        journal.add(case.name, outcome)
        done += 1
        report_progress(done, len(cases))

    tasks = [asyncio.create_task(one(case)) for case in left]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _run_identity(version: ModelVersion, published: Path | None) -> Mapping[str, str]:
    return {"model": version.key, "stimuli": stimuli.version(), "published": str(published is not None)}
