"""Draw a sample, from the queue or from a file, and write its sheet and its key."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plugin.models.agreement.rating_files import (
    MECHANISMS,
    ExchangeLine,
    read_exchanges,
    write_rating_sheet,
    write_sample_key,
)
from plugin.models.agreement.sample import SampleCandidate, queue_candidates
from plugin.models.check.case_runner import CaseRunner
from plugin.queue.store import open_store
from plugin.queue.stratified_draw import draw_stratified
from stream.contracts.errors import Denied, Misconfigured
from stream.feedback.models.base import Deadline
from stream.feedback.models.factory import open_model
from stream.runtime.settings import FeedbackSettings, Settings


@dataclass(frozen=True)
class SampleReader:
    """The supervisor whose sessions are drawn from, with their own password."""

    username: str
    password: str = field(repr=False)


def draw_sample(
    settings: Settings, source: Path | SampleReader, *, size: int, seed: int, sheet: Path, key: Path
) -> int:
    """Draw from a file or from a supervisor's sessions, write both files, and return how many exchanges were drawn.

    Raises:
        Denied: the supervisor's name or password is wrong.
        Misconfigured: nothing to draw from, or a file that cannot be used.
        Unavailable: the database, or the model that a file is rated by, is away.
    """
    if isinstance(source, Path):
        candidates = asyncio.run(_file_candidates(settings.feedback, read_exchanges(source)))
    else:
        candidates = _stored_candidates(settings, source)
    drawn = draw_stratified(candidates, size, seed)
    if not drawn:
        raise Misconfigured(
            "There is nothing to draw from: no rated exchange of a session whose client agreed to secondary use."
            if isinstance(source, SampleReader)
            else f"{source} holds no exchange."
        )
    write_sample_key(key, drawn)
    write_rating_sheet(sheet, drawn)
    return len(drawn)


def _stored_candidates(settings: Settings, reader: SampleReader) -> list[SampleCandidate]:
    with open_store(settings) as store:
        viewer = store.authenticate(reader.username, reader.password, request_id="model sample")
        if viewer is None:
            raise Denied("There is no account with this name and password.")
        return list(queue_candidates(store, viewer))


async def _file_candidates(settings: FeedbackSettings, lines: Sequence[ExchangeLine]) -> list[SampleCandidate]:
    """Return each exchange with the levels of the served model; an exchange it abstains from has none."""
    model = open_model(settings)
    slots = asyncio.Semaphore(settings.concurrency)

    async def rate(number: int, line: ExchangeLine) -> SampleCandidate:
        async with slots:
            outcome = await runner.run(f"sample/{number}", line.exchange)
        levels = outcome.levels or (None,) * len(MECHANISMS)
        return SampleCandidate(line.session, line.exchange, levels, model.version)

    try:
        await model.canary(Deadline.after(settings.deadline_s))
        runner = CaseRunner(model, settings.deadline_s)
        return list(await asyncio.gather(*(rate(number, line) for number, line in enumerate(lines))))
    finally:
        await model.close()
