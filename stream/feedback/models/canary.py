"""Ask the configured models once, from outside of any event loop: for `counterpoint check`."""

import asyncio

from stream.contracts.feedback import ModelVersion
from stream.feedback.models.base import Deadline
from stream.feedback.models.factory import open_model
from stream.feedback.models.reader import open_reader
from stream.runtime.settings import FeedbackSettings, Settings


def run_canary(settings: FeedbackSettings) -> ModelVersion:
    """Make one real inference on a made-up exchange, and return the model's version.

    Raises:
        Unavailable: the model is away.
        Misconfigured: it is there, but is not the one this version speaks to.
    """
    return asyncio.run(_run_canary(settings))


def run_reader_canary(settings: Settings) -> None:
    """Make one real inference of the reader on made-up texts.

    Raises:
        Unavailable: the reader is away.
        Misconfigured: it is there, but is not the one of this version.
    """
    asyncio.run(_run_reader_canary(settings))


async def _run_canary(settings: FeedbackSettings) -> ModelVersion:
    model = open_model(settings)
    try:
        await model.canary(Deadline.after(settings.deadline_s))
        return model.version
    finally:
        await model.close()


async def _run_reader_canary(settings: Settings) -> None:
    reader = open_reader(settings)
    try:
        await reader.canary(Deadline.after(settings.feedback.deadline_s))
    finally:
        await reader.close()
