"""Draw a sample, from the queue or from a file, and write its sheet and its key."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from plugin.models.agreement.sample import Candidate, draw, from_queue
from plugin.models.agreement.sheets import MECHANISMS, ExchangeLine, read_exchanges, write_key, write_sheet
from plugin.models.check.asker import Asker
from plugin.queue.store import open_store
from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import Deadline
from stream.feedback.models.factory import open_model
from stream.runtime.settings import Feedback, Settings


def draw_sample(
    settings: Settings, *, user: str, source: Path | None, size: int, seed: int, sheet: Path, key: Path
) -> int:
    """Draw, write both files, and return how many exchanges were drawn.

    Raises:
        Misconfigured: nobody to draw for, nothing to draw from, or a file that cannot be used.
        Unavailable: the database, or the model that a file is rated by, is away.
    """
    if source is not None:
        candidates = asyncio.run(_rated(settings.feedback, read_exchanges(source)))
    else:
        candidates = _stored(settings, user)
    drawn = draw(candidates, size, seed)
    if not drawn:
        raise Misconfigured(
            "There is nothing to draw from: no rated exchange of a session whose client agreed to secondary use."
            if source is None
            else f"{source} holds no exchange."
        )
    write_key(key, drawn)
    write_sheet(sheet, drawn)
    return len(drawn)


def _stored(settings: Settings, user: str) -> list[Candidate]:
    with open_store(settings) as store:
        viewer = store.viewer_named(user)
        if viewer is None:
            raise Misconfigured("Say whose sessions to draw from: --for USER, a supervisor; or --from FILE.")
        return list(from_queue(store, viewer))


async def _rated(settings: Feedback, lines: Sequence[ExchangeLine]) -> list[Candidate]:
    """Each line with the levels of the served model; an exchange it abstains from has none."""
    model = open_model(settings)
    slots = asyncio.Semaphore(settings.concurrency)

    async def one(number: int, line: ExchangeLine) -> Candidate:
        async with slots:
            outcome = await asker.ask(f"sample/{number}", line.talk)
        levels = outcome.levels or (None,) * len(MECHANISMS)
        return Candidate(line.session, line.talk, levels, model.version)

    try:
        await model.canary(Deadline.after(settings.deadline_s))
        asker = Asker(model, settings.deadline_s)
        return list(await asyncio.gather(*(one(number, line) for number, line in enumerate(lines))))
    finally:
        await model.close()
