"""The model of a run: asked about one exchange at a time, slowly, and left alone as soon as it is away.

De-identification, the request, its repair and the output gate are those of `stream.feedback.assess`. Unlike the
feedback stage a run does not wait for a model and never reloads one: it ends, and another goes on from there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from stream.contracts.errors import CounterpointError
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.sessions import ModelVersion, SessionRecord
from stream.feedback.assess import Assessor
from stream.feedback.models.availability import CANARY_INTERVAL_S, Sleep
from stream.feedback.models.base import Clock, Deadline, FeedbackModel, ModelUnavailable, RequestFailed

TRIALS: Final = 3
"""Canaries whose time is measured: the first one may load something, and chance makes one of two slow."""

Result = TypeVar("Result")


class ModelGone(CounterpointError):  # noqa: N818 - named by what the caller does: end the run, which another continues
    """The model of a run is away, or is another one by now."""


class CarefulModel:
    """A model that rates one exchange after the other, at most `per_minute` of them.

    A failed request is followed by the canary: if it passes, the input is at fault, as in the feedback stage.
    """

    def __init__(
        self,
        model: FeedbackModel,
        *,
        deadline_s: float,
        per_minute: int,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._model = model
        self._deadline_s = deadline_s
        self._interval_s = 60 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._assessor = Assessor(model, self, deadline_s, clock)
        self._seen_at: float | None = None
        self._key: str | None = None
        self._next_at = clock()

    @property
    def version(self) -> ModelVersion:
        """The version of the model, which is known once it was tried."""
        return self._model.version

    async def try_out(self) -> float:
        """Return the seconds from one exchange to the next, measured on a made-up one.

        Raises:
            ModelGone: the model is away, or nobody has activated it.
            Misconfigured: the model is there, but is not the one this version speaks to.
        """
        took = []
        for _ in range(TRIALS):
            began = self._clock()
            await self._canary()
            took.append(self._clock() - began)
        return max(self._interval_s, sorted(took)[TRIALS // 2])

    async def rate(self, record: SessionRecord) -> Assessment | Abstention | None:
        """Return the checked answer about the only exchange of a record, once it is its turn; None if it is too large.

        Raises:
            ModelGone: the model is away, or is another one by now.
        """
        await self._sleep(max(0.0, self._next_at - self._clock()))
        self._next_at = self._clock() + self._interval_s
        feedback = await self._assessor.feedback(record)
        answers: list[Assessment | Abstention] = [*feedback.assessments, *feedback.abstentions]
        return answers[0] if answers else None

    async def wait_until_seen(self) -> None:
        """Return if a canary has passed lately: only that knows what is served and activated."""
        if self._seen_at is None or self._clock() - self._seen_at >= CANARY_INTERVAL_S:
            await self._canary()

    async def request(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask once; see `Availability`.

        Raises:
            RequestFailed: the model is there, and the request failed all the same.
            ModelGone: it is away.
        """
        try:
            return await ask()
        except RequestFailed:
            await self._canary()
            raise

    async def _canary(self) -> None:
        try:
            await self._model.canary(Deadline.after(self._deadline_s, self._clock))
        except ModelUnavailable as error:
            # No `Unavailable`, which an assessor would take for an outage to wait for.
            raise ModelGone(f"{error.what} is away. What was rated is stored; run this again.") from None
        key = self._model.version.key
        if self._key is not None and key != self._key:
            raise ModelGone("The model is another one than at the start. What was rated is stored; run this again.")
        self._key, self._seen_at = key, self._clock()
