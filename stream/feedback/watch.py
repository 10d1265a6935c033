"""Whose fault is a failed request: the canary tells, and while it fails everybody waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from stream.feedback.model import Clock, Deadline, FeedbackModel
from stream.runtime.errors import Unavailable
from stream.runtime.health import Health
from stream.runtime.logging import get_logger
from stream.runtime.metrics import MODEL_AWAY

PART = "model"
"""Its name in /readyz."""
# Seconds between two canaries while the model is away: soon enough for a restart, rare enough for a broken server.
RETRY_AFTER_S = (0.5, 1.0, 2.0, 5.0)

Sleep = Callable[[float], Awaitable[None]]


class ModelWatch:
    """The one view of a process on whether its model is there."""

    def __init__(
        self,
        model: FeedbackModel,
        health: Health,
        *,
        deadline_s: float,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._model = model
        self._health = health
        self._deadline_s = deadline_s
        self._clock = clock
        self._sleep = sleep
        self._one_at_a_time = asyncio.Lock()
        self._last_back_at = clock()
        self._seen = False

    async def until_there(self) -> None:
        """Return once a canary has passed, today or long ago.

        Raises:
            Misconfigured: the model is there, but is not the one this version speaks to.
        """
        async with self._one_at_a_time:
            if not self._seen:
                await self._hold()

    async def was_away(self, since: float) -> bool:
        """Whether the model was away at some time after `since` (of the clock); returns when it is there.

        A failed request that began then says nothing about its input.

        Raises:
            Misconfigured: as `until_there`.
        """
        async with self._one_at_a_time:
            return self._last_back_at > since or await self._hold()

    async def _hold(self) -> bool:
        """Ask canaries until one passes; whether any failed."""
        failures = 0
        while True:
            try:
                await self._model.canary(Deadline.after(self._deadline_s, self._clock))
            except Unavailable as error:
                self._health.set(PART, f"{error.what} is away; records are held until it is back")
                MODEL_AWAY.set(1)
                get_logger().warning("model_away", attempt=failures + 1)
                await self._sleep(RETRY_AFTER_S[min(failures, len(RETRY_AFTER_S) - 1)])
                failures += 1
                continue
            self._seen = True
            self._health.set(PART, None)
            MODEL_AWAY.set(0)
            if failures:
                self._last_back_at = self._clock()
                get_logger().info("model_back", attempt=failures)
            return failures > 0
