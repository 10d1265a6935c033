"""The worker of the measures stage: transcripts in, measures records out. The work is in stream/measuring."""

import time
from functools import partial

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import MEASURES
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.reader import WHAT, open_reader
from stream.measuring.measure import Measurer
from stream.runtime import stages
from stream.runtime.logging import get_logger
from stream.runtime.metrics import READER_BREAKER_STATE
from stream.runtime.settings import Settings
from stream.workers.model_worker import Make, ModelWork, run_model_stage

_CONCURRENCY = 2  # as many as the reader has instances; what is read comes in batches of 64 pairs


def run(settings: Settings) -> int:
    """Run the stage until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured, Unavailable, TooManyDeadLetters: as `run_model_stage`; Misconfigured also where measures are off.
    """
    if not settings.measures.enabled:
        raise Misconfigured(
            "measures.enabled is not set. Set it for the stream stage too, which publishes what is read."
        )
    return run_model_stage(settings, stages.MEASURES, MEASURES, partial(_open, settings))


def _open(settings: Settings) -> ModelWork:
    reader = open_reader(settings)
    feedback = settings.feedback

    def maker(availability: ModelAvailability) -> Make:
        return Measurer(reader, availability, feedback.deadline_s, time.monotonic, feedback.without_names).measure

    def on_seen() -> None:
        get_logger().info("reader_seen", model=reader.fingerprint)

    return ModelWork(reader, WHAT, READER_BREAKER_STATE, _CONCURRENCY, maker, on_seen)
