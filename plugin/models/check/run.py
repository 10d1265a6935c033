"""`counterpoint model check`: ask the served model everything, judge, and write the report."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from plugin.models.check import stimuli
from plugin.models.check.asker import Asker
from plugin.models.check.cases import Case, Kind, Variant, cases, judge
from plugin.models.check.progress import Progress
from plugin.models.check.report import Report, report_of
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.base import Deadline
from stream.feedback.models.factory import open_model
from stream.feedback.models.prompt import REWORDED
from stream.runtime.settings import Feedback

Say = Callable[[int, int], None]
"""How many of how many are done."""


def check(
    settings: Feedback, folder: Path, *, published: Path | None = None, fresh: bool = False, say: Say = lambda *_: None
) -> Report:
    """Run every check against the model that Triton serves; takes up a run that was cut short.

    Raises:
        Unavailable: the model is away.
        Misconfigured: it is not the one this version speaks to, or `published` or `folder` cannot be used.
    """
    return asyncio.run(_check(settings, folder, published, fresh, say))


async def _check(settings: Feedback, folder: Path, published: Path | None, fresh: bool, say: Say) -> Report:
    model, reworded = open_model(settings), open_model(settings, instructions=REWORDED)
    try:
        for each in (model, reworded):
            await each.canary(Deadline.after(settings.deadline_s))
        version = model.version
        kind = Kind(version.is_baseline, settings.deadline_s)
        wanted = cases(kind, published)
        progress = Progress(folder / "model-check.progress.jsonl", _asked(version, published))
        progress.open(fresh=fresh)
        askers = {variant: Asker(model, settings.deadline_s) for variant in Variant}
        askers[Variant.REWORDED] = Asker(reworded, settings.deadline_s)
        await _ask_all(wanted, progress, askers, settings.concurrency, say)
        outcomes = {case.name: progress.outcomes[case.name] for case in wanted}
        report = report_of(version, judge(outcomes, kind), stimuli.version(), datetime.now(UTC))
        report.write(folder)
        progress.remove()
        return report
    finally:
        await model.close()
        await reworded.close()


async def _ask_all(
    wanted: list[Case], progress: Progress, askers: Mapping[Variant, Asker], concurrency: int, say: Say
) -> None:
    slots = asyncio.Semaphore(concurrency)
    left = [case for case in wanted if case.name not in progress.outcomes]
    done = len(wanted) - len(left)
    say(done, len(wanted))

    async def one(case: Case) -> None:
        nonlocal done
        async with slots:
            screened = case.variant is not Variant.UNSCREENED
            outcome = await askers[case.variant].ask(case.name, case.talk, lexicon=screened)
        progress.add(case.name, outcome)
        done += 1
        say(done, len(wanted))

    tasks = [asyncio.create_task(one(case)) for case in left]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _asked(version: ModelVersion, published: Path | None) -> Mapping[str, str]:
    return {"model": version.key, "stimuli": stimuli.version(), "published": str(published is not None)}
