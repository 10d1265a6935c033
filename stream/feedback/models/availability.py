"""The one view of a process on its model: whose fault a failed request is, and when nobody asks it anything.

A failed request is followed by the canary. If that fails too, the model is away: the breaker opens, everybody waits,
and the failure says nothing about the input. If it passes, the input is at fault, unless so many requests fail that
the breaker opens all the same.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from stream.contracts.errors import Unavailable
from stream.feedback.models.base import Clock, Deadline, FeedbackModel, ModelAway, RequestFailed
from stream.feedback.models.breaker import PAUSES_S, Breaker, State
from stream.runtime.health import Health
from stream.runtime.logging import get_logger
from stream.runtime.metrics import BREAKER_STATE

PART = "model"
"""Its name in /readyz."""
CANARY_EVERY_S = 300.0
"""While nobody asks anything: a model that died in a quiet hour is found before a session needs it. An answer of the
language model takes a GPU some ten seconds, so not more often."""
RELOAD_S = 300.0
"""An 8B model is loaded in one to two minutes."""
RELOAD_AGAIN_S = 60.0
"""Several workers may see one outage: what one of them has just loaded the others leave alone."""
_RELOAD_AFTER = 2
"""Canaries failed in a row: one may be chance, and loading takes the model from everybody."""
_RELOAD_SLOW_AFTER = 5
"""The same where they ran out of time: with nobody else asking, what is slow for five deadlines hangs."""
_INPUT_AT_FAULT = frozenset({"invalid_argument", "out_of_range", "model_error"})
"""Failures that say nothing against the server, if the canary passes. `model_error` is what vLLM says of both."""
_DEAD = frozenset({"internal", "model_error", "unavailable", "not_found", "unknown"})
"""Canary failures that loading the model anew may mend. A dead Python back end is `internal` to whoever asks once,
`model_error` to whoever streams."""

Sleep = Callable[[float], Awaitable[None]]
Answer = TypeVar("Answer")


class ModelWatch:
    """Lets requests through as the breaker says, and asks the canary when nobody else finds out."""

    def __init__(
        self,
        model: FeedbackModel,
        health: Health,
        *,
        deadline_s: float,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        breaker: Breaker | None = None,
        changed: Callable[[State], None] = lambda _state: None,
    ) -> None:
        """`changed` hears every change of the breaker's state."""
        self._model = model
        self._health = health
        self._deadline_s = deadline_s
        self._clock = clock
        self._sleep = sleep
        self._breaker = breaker or Breaker(clock)
        self._changed = changed
        self._told = self._breaker.state
        BREAKER_STATE.set(self._told)
        self._gate = asyncio.Lock()
        """Whoever has it finds out whether the model is back, and makes the trial; the others wait in their order."""
        self._one_canary = asyncio.Lock()
        self._seen = False
        self._well_at = clock()
        self._canaries_failed = 0
        self._advice = ""
        self._reload_at = clock()

    async def until_seen(self) -> None:
        """Return once a canary has passed, today or long ago: then the model's version is known.

        Raises:
            Misconfigured: the model is there, but is not the one this version speaks to.
        """
        if not self._seen:
            async with self._gate:
                await self._until_admitted()

    async def request(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask, once the breaker lets it through.

        Raises:
            RequestFailed: the model is there, and the request failed all the same.
            Unavailable: it failed in an outage, which says nothing about it.
            Misconfigured: as `until_seen`.
        """
        async with self._gate:
            await self._until_admitted()
            if self._breaker.state is State.HALF_OPEN:
                return await self._ask(ask)
        return await self._ask(ask)

    async def keep_looking(self) -> None:
        """See to it that somebody notices when the model goes or comes back while there are no requests.

        Raises:
            Misconfigured: as `until_seen`.
        """
        while True:
            async with self._gate:
                await self._until_admitted()
            closed = self._breaker.state is State.CLOSED
            await self._sleep(CANARY_EVERY_S if closed else PAUSES_S[0])
            if not closed or self._clock() - self._well_at >= CANARY_EVERY_S:
                await self._canary(self._breaker.opened)

    async def _until_admitted(self) -> None:
        while not self._breaker.admits:
            await self._sleep(self._breaker.pause)
            await self._canary(self._breaker.opened)

    async def _ask(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        admitted, is_trial = self._breaker.opened, self._breaker.state is State.HALF_OPEN
        try:
            answer = await ask()
        except RequestFailed as error:
            if error.why not in _INPUT_AT_FAULT and self._breaker.admits:
                self._breaker.request_ended(admitted, well=False)
                self._tell("too many requests to the feedback model fail")
            # A trial is alone with a model that was well just now: what it opened does not excuse it.
            if not await self._canary(self._breaker.opened if is_trial else admitted):
                raise Unavailable("the feedback model") from None
            raise
        self._well_at = self._clock()
        self._breaker.request_ended(admitted, well=True)
        self._tell()
        return answer

    async def _canary(self, opened: int) -> bool:
        """Whether it passes; not asked, and no, if the breaker has opened since it had opened that often."""
        async with self._one_canary:
            if self._breaker.opened != opened:
                return False
            try:
                await self._model.canary(Deadline.after(self._deadline_s, self._clock))
            except ModelAway as error:
                self._canaries_failed += 1
                self._breaker.canary_ended(well=False)
                self._tell(f"{error.what} is away{self._advice}")
                get_logger().warning("canary_failed", reason=error.why, attempt=self._canaries_failed)
                if self._may_be_dead(error.why) and self._clock() >= self._reload_at:
                    await self._reload()
                    self._tell(f"{error.what} is away{self._advice}")
                return False
            self._canaries_failed, self._advice = 0, ""
            self._seen, self._well_at = True, self._clock()
            self._breaker.canary_ended(well=True)
            self._tell()
            return True

    def _may_be_dead(self, why: str) -> bool:
        if why == "deadline_exceeded":
            return self._canaries_failed >= _RELOAD_SLOW_AFTER
        return why in _DEAD and self._canaries_failed >= _RELOAD_AFTER

    async def _reload(self) -> None:
        """Have the model loaded anew; if that may not be, say what a person has to do."""
        self._advice = ""
        try:
            if not await self._model.reload(Deadline.after(RELOAD_S, self._clock)):
                return
            get_logger().info("model_reloaded")
        except RequestFailed as error:
            self._advice = f" and was not loaded anew ({error.why}): have Triton unload and load it, or restart Triton"
            get_logger().error("model_not_reloaded", reason=error.why)
        self._reload_at = self._clock() + RELOAD_AGAIN_S

    def _tell(self, trouble: str = "") -> None:
        """Say in /readyz, metric and log what the breaker's state is."""
        state = self._breaker.state
        if state is not State.OPEN:
            self._health.set(PART, None)
        elif trouble:
            self._health.set(PART, f"{trouble}; records are held until it is back")
        BREAKER_STATE.set(state)
        if state is self._told:
            return
        self._told = state
        log = get_logger().warning if state is State.OPEN else get_logger().info
        log("breaker", state=state.name.lower(), count=self._breaker.opened)
        self._changed(state)
