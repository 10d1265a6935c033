"""Asking the reader once, from outside of any event loop: for `counterpoint check`."""

import asyncio

from stream.feedback.models.base import Deadline
from stream.measuring.reader import open_reader
from stream.runtime.settings import Settings


def run_reader_canary(settings: Settings) -> None:
    """Make one real inference on made-up texts.

    Raises:
        Unavailable: the reader is away.
        Misconfigured: it is there, but is not the one of this version.
    """
    asyncio.run(_run_canary(settings))


async def _run_canary(settings: Settings) -> None:
    reader = open_reader(settings)
    try:
        await reader.canary(Deadline.after(settings.feedback.deadline_s))
    finally:
        await reader.close()
