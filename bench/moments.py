"""The measure of confirming and rating: how many moments a second the baseline and its reader answer behind Triton.

Broker, database and the other stages do not run meanwhile; the stage's own work on a session is part of it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.environment import LogLine, used_s
from bench.load import Load
from bench.measures import Figures, Scale
from bench.units import DEADLINE_S, AlwaysThere, stream
from plugin.local.triton import TritonServer
from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import Verdict
from stream.feedback.assess import Assessor
from stream.feedback.models.base import Deadline
from stream.feedback.models.baseline import MODEL
from stream.feedback.models.factory import open_model
from stream.feedback.models.reader import READER
from stream.runtime.logging import configure_logging
from stream.runtime.settings import FeedbackSettings

SESSIONS: Final = 150
MESSAGES_A_SESSION: Final = 20
"""As in the measure of the time from a session's end to its row."""


@dataclass(frozen=True)
class Answered:
    """How many moments were put to the model, how many it confirmed, and the seconds from the first to the last."""

    moments: int
    confirmed: int
    seconds: float


def moments(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the rate at which sessions of the load are rated, as many at a time as the stage takes."""
    configure_logging("warning", stage="bench")
    load = Load(scale.times(SESSIONS), MESSAGES_A_SESSION, concurrent=50)
    records = asyncio.run(stream(load.events())).sessions
    with TritonServer(folder / "triton", (MODEL, READER), backends=[]) as triton:
        log(f"{len(records)} sessions of {MESSAGES_A_SESSION} messages")
        before = used_s(triton)
        answered = asyncio.run(rate_all(records, FeedbackSettings(triton_url=triton.grpc_url)))
        spent_s = used_s(triton) - before
    return {
        "moments a second, behind Triton": answered.moments / answered.seconds,
        "CPU of Triton a moment, ms": spent_s / answered.moments * 1e3,
        "share of moments confirmed": answered.confirmed / answered.moments,
        "moments a session": answered.moments / len(records),
    }


async def rate_all(records: Sequence[SessionRecord], settings: FeedbackSettings) -> Answered:
    """Rate sessions as the feedback stage does, `settings.concurrency` at a time."""
    model, availability = open_model(settings), AlwaysThere()
    assessor = Assessor(model, availability, DEADLINE_S, time.monotonic)
    places = asyncio.Semaphore(settings.concurrency)

    async def rate(record: SessionRecord) -> int:
        async with places:
            feedback = await assessor.feedback(record)
        return sum(each.verdict is Verdict.CONFIRMED for each in feedback.assessments)

    try:
        await model.canary(Deadline.after(DEADLINE_S))
        began = time.monotonic()
        confirmed = await asyncio.gather(*map(rate, records))
        return Answered(availability.asked, sum(confirmed), time.monotonic() - began)
    finally:
        await model.close()
