"""The rating of one practised reply while its author waits, by the model and the checks that rate any other reply.

De-identification, the request, its repair and the output gate are those of `stream.feedback.assess`. Names that the
platform told are not stored, so names are recognised as where nobody told them; the therapist's own is known. Unlike
the feedback stage, the page gives up when the model is away, and never reloads it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from plugin.queue.practice_views import PractisedReply
from stream.contracts.errors import CounterpointError
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.sessions import KnownName, SessionRecord
from stream.contracts.vocabulary import Role
from stream.feedback.assess import Assessor
from stream.feedback.models.activation import ActivatedModel, read_activation
from stream.feedback.models.availability import CANARY_INTERVAL_S
from stream.feedback.models.base import Clock, Deadline, FeedbackModel, RequestFailed
from stream.feedback.models.factory import open_model
from stream.feedback.single_exchange import record_of_exchange
from stream.runtime.logging import get_logger
from stream.runtime.settings import FeedbackSettings

MAX_WAIT_S: Final = 20.0
"""Seconds a page waits at most, whatever the deadline of the feedback stage: its connection is closed after 30."""
AT_ONCE: Final = 2
"""Attempts that are rated at once, so that the feedback stage keeps most of the model."""

Result = TypeVar("Result")


def open_rater(settings: FeedbackSettings) -> "PracticeRater | None":
    """Return the rater of the configured model, which is opened with the first attempt.

    There is none where a service lets no model read words whose names nobody told (`feedback.without_names`).
    """
    if settings.without_names == "abstain":
        return None

    def open_activated() -> FeedbackModel:
        return ActivatedModel(open_model(settings), partial(read_activation, settings.activation))

    return PracticeRater(open_activated, wait_s=min(settings.deadline_s, MAX_WAIT_S))


class PracticeRater:
    """A rater that asks one model; `wait_s` bounds everything that one attempt waits for."""

    def __init__(
        self, open_activated: Callable[[], FeedbackModel], *, wait_s: float, clock: Clock = time.monotonic
    ) -> None:
        self._open = open_activated
        self._wait_s = wait_s
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self._opening = asyncio.Lock()
        self._assessor: Assessor | None = None

    async def rate(self, practised: PractisedReply) -> Assessment | Abstention | None:
        """Return the checked answer of the model; None where the model is away or too slow."""
        try:
            async with asyncio.timeout(self._wait_s), self._places:
                assessor = await self._opened()
                feedback = await assessor.feedback(record_of(practised))
        except (CounterpointError, TimeoutError) as error:
            get_logger().warning("attempt_not_rated", error_type=type(error).__name__)
            return None
        return feedback.assessments[0] if feedback.assessments else feedback.abstentions[0]

    async def close(self) -> None:
        """Close the connections of the model, if it was opened."""
        if self._assessor is not None:
            await self._assessor.model.close()

    async def _opened(self) -> Assessor:
        async with self._opening:
            if self._assessor is None:
                model = await asyncio.to_thread(self._open)  # the baseline in this process reads 100 MB
                seen = _SeenModel(model, wait_s=self._wait_s, clock=self._clock)
                self._assessor = Assessor(model, seen, self._wait_s, self._clock)
        return self._assessor


class _SeenModel:
    """A model that is asked once, after a canary that has passed lately: only that knows what is served and activated.

    A failure ends the attempt, whoever is at fault: its author is there and may send the words again.
    """

    def __init__(self, model: FeedbackModel, *, wait_s: float, clock: Clock) -> None:
        self._model = model
        self._wait_s = wait_s
        self._clock = clock
        self._seen_at: float | None = None

    async def wait_until_seen(self) -> None:
        """Return if a canary passes, or has passed lately.

        Raises:
            ModelUnavailable: it does not pass.
            Misconfigured: the model is there, but is not the one this version speaks to.
        """
        if self._seen_at is None or self._clock() - self._seen_at >= CANARY_INTERVAL_S:
            await self._model.canary(Deadline.after(self._wait_s, self._clock))
            self._seen_at = self._clock()

    async def request(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask once.

        Raises:
            AttemptFailed: there is no answer.
        """
        try:
            return await ask()
        except RequestFailed as error:
            self._seen_at = None
            raise AttemptFailed(error.code) from None


class AttemptFailed(CounterpointError):  # noqa: N818 - named by what the caller does: keep the words, without an answer
    """A request about an attempt without an answer. `code` is that of the request."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the attempt was not rated: {code}")
        self.code = code


def record_of(practised: PractisedReply) -> SessionRecord:
    """Return the record of a session that is this exchange alone, with the practised reply as its reply."""
    record = record_of_exchange(
        practised.tenant,
        practised.session_id,
        context=practised.context,
        client=practised.client_turn,
        reply=practised.reply,
    )
    name = KnownName(role=Role.COUNSELLOR, name=practised.therapist)
    return record.model_copy(update={"known_names": (name,)})
