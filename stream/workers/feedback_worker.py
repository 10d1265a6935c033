"""The worker of the feedback stage: session records in, feedback records out. The rules are in stream/feedback."""

import time
from functools import partial

from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import FEEDBACK
from stream.feedback.assess import Assessor
from stream.feedback.models.activation import ActivatedModel, read_activation
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.factory import open_model
from stream.runtime import stages
from stream.runtime.metrics import BREAKER_STATE, set_model_info
from stream.runtime.settings import FeedbackSettings, Settings
from stream.workers.model_worker import Make, ModelWork, run_model_stage

_Travelling = Erasure | ConsentWithdrawal | Deletion | Edit


def run(settings: Settings) -> int:
    """Run the stage until SIGTERM or SIGINT; returns the exit status.

    Raises:
        Misconfigured, Unavailable, TooManyDeadLetters: as `run_model_stage`.
    """
    return run_model_stage(settings, stages.FEEDBACK, FEEDBACK, partial(_open, settings.feedback))


def _open(settings: FeedbackSettings) -> ModelWork:
    read_activation(settings.activation)  # a wrong path is reported at the start, not with the first record
    model = ActivatedModel(open_model(settings), partial(read_activation, settings.activation))

    def maker(availability: ModelAvailability) -> Make:
        assessor = Assessor(model, availability, settings.deadline_s, time.monotonic, settings.without_names)

        async def make(data: SessionRecord | _Travelling) -> FeedbackRecord | _Travelling:
            return await assessor.feedback(data) if isinstance(data, SessionRecord) else data

        return make

    return ModelWork(
        model,
        "the feedback model",
        BREAKER_STATE,
        settings.concurrency,
        maker,
        on_seen=lambda: set_model_info(model.version),
    )
