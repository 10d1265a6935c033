"""The availability of a stage's model: requests wait for it, and a failed input is distinguished from an outage.

A failed request is followed by the canary. If that fails too, the model is away: the breaker opens, all requests wait,
and the failure says nothing about the input. If it passes, the input is at fault, unless so many requests fail that
the breaker opens all the same.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from prometheus_client import Gauge

from stream.contracts.errors import Unavailable
from stream.feedback.models.base import Clock, Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.breaker import RETRY_DELAYS_S, BreakerState, CircuitBreaker
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.metrics import BREAKER_STATE

CANARY_INTERVAL_S = 300.0
"""While there are no requests: a model that died in a quiet hour is found before a session needs it. An answer of the
language model takes a GPU some ten seconds, so not more often."""
RELOAD_DEADLINE_S = 300.0
"""An 8B model is loaded in one to two minutes."""
RELOAD_COOLDOWN_S = 60.0
"""Several workers may see one outage: what one of them has just loaded the others leave alone."""
_CANARIES_BEFORE_RELOAD = 2
"""Canaries failed in a row: one may be chance, and loading takes the model from every worker."""
_SLOW_CANARIES_BEFORE_RELOAD = 5
"""The same where they ran out of time: without other requests, what is slow for five deadlines hangs."""
_INPUT_FAULT_CODES = frozenset({"invalid_argument", "out_of_range", "model_error"})
"""Failures that say nothing against the server, if the canary passes. `model_error` is what vLLM says of both."""
_RELOAD_CODES = frozenset({"internal", "model_error", "unavailable", "not_found", "unknown"})
"""Canary failures that a reload of the model may mend. A dead Python back end is `internal` to a unary request and
`model_error` to a stream."""

Sleep = Callable[[float], Awaitable[None]]
Result = TypeVar("Result")


class WatchedModel(Protocol):
    """A model of which it can be told whether it answers; see `FeedbackModel`."""

    async def canary(self, deadline: Deadline) -> None:
        """Ask for something fixed: a real inference, for readiness lies.

        Raises:
            ModelUnavailable: it brought no answer that can be read.
            Misconfigured: the model is there, but is not the one this version speaks to.
        """

    async def reload(self, deadline: Deadline) -> bool:
        """Make the server reload the model; False if there is no server, or it is loading the model already.

        Raises:
            RequestFailed: the server does not let us, or could not.
        """


class ModelAvailability:
    """The one view of a process on its model: it admits requests as the breaker says, and asks the canary."""

    def __init__(
        self,
        model: WatchedModel,
        health: Health,
        *,
        deadline_s: float,
        what: str = "the feedback model",
        state_metric: Gauge = BREAKER_STATE,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        breaker: CircuitBreaker | None = None,
        on_state_change: Callable[[BreakerState], None] = lambda _state: None,
    ) -> None:
        """Begin with an open breaker; `on_state_change` is called with each later state. `what` names the model."""
        self._state_metric = state_metric
        self._model = model
        self._health = health
        self._deadline_s = deadline_s
        self._what = what
        self._clock = clock
        self._sleep = sleep
        self._breaker = breaker or CircuitBreaker(clock)
        self._on_state_change = on_state_change
        self._reported_state = self._breaker.state
        state_metric.set(self._reported_state)
        self._admission_lock = asyncio.Lock()
        """Its holder finds out whether the model is back, and makes the trial request; the others wait in order."""
        self._canary_lock = asyncio.Lock()
        self._has_been_seen = False
        self._last_success_at = clock()
        self._failed_canaries = 0
        self._reload_advice = ""
        self._next_reload_at = clock()

    async def wait_until_seen(self) -> None:
        """Return once a canary has ever passed: then the model's version is known.

        Raises:
            Misconfigured: the model is there, but is not the one this version speaks to.
        """
        if not self._has_been_seen:
            async with self._admission_lock:
                await self._wait_until_admitted()

    async def request(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask, once the breaker admits the request.

        Raises:
            RequestFailed: the model is there, and the request failed all the same.
            Unavailable: the request failed in an outage, which says nothing about its input.
            Misconfigured: as `wait_until_seen`.
        """
        async with self._admission_lock:
            await self._wait_until_admitted()
            if self._breaker.state is BreakerState.HALF_OPEN:
                return await self._ask(ask)
        return await self._ask(ask)

    async def monitor(self) -> None:
        """Notice when the model goes or comes back while there are no requests; never returns.

        Raises:
            Misconfigured: as `wait_until_seen`.
        """
        while True:
            async with self._admission_lock:
                await self._wait_until_admitted()
            is_closed = self._breaker.state is BreakerState.CLOSED
            await self._sleep(CANARY_INTERVAL_S if is_closed else RETRY_DELAYS_S[0])
            if not is_closed or self._clock() - self._last_success_at >= CANARY_INTERVAL_S:
                await self._canary(self._breaker.times_opened)

    async def _wait_until_admitted(self) -> None:
        while not self._breaker.admits_requests:
            await self._sleep(self._breaker.seconds_until_retry)
            await self._canary(self._breaker.times_opened)

    async def _ask(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        times_opened, is_trial = self._breaker.times_opened, self._breaker.state is BreakerState.HALF_OPEN
        try:
            result = await ask()
        except RequestFailed as error:
            if error.code not in _INPUT_FAULT_CODES and self._breaker.admits_requests:
                self._breaker.record_request(times_opened, succeeded=False)
                self._report_state(f"too many requests to {self._what} fail")
            # A trial is alone with a model whose canary just passed: the opening it caused does not excuse it.
            if not await self._canary(self._breaker.times_opened if is_trial else times_opened):
                raise Unavailable(self._what) from None
            raise
        self._last_success_at = self._clock()
        self._breaker.record_request(times_opened, succeeded=True)
        self._report_state()
        return result

    async def _canary(self, times_opened: int) -> bool:
        """Return whether the canary passes; False without asking if the breaker has opened since `times_opened`."""
        async with self._canary_lock:
            if self._breaker.times_opened != times_opened:
                return False
            try:
                await self._model.canary(Deadline.after(self._deadline_s, self._clock))
            except ModelUnavailable as error:
                self._failed_canaries += 1
                self._breaker.record_canary(passed=False)
                self._report_state(f"{error.what} is away{self._reload_advice}")
                get_logger().warning("canary_failed", reason=error.code, attempt=self._failed_canaries)
                if self._may_need_reload(error.code) and self._clock() >= self._next_reload_at:
                    await self._reload()
                    self._report_state(f"{error.what} is away{self._reload_advice}")
                return False
            self._failed_canaries, self._reload_advice = 0, ""
            self._has_been_seen, self._last_success_at = True, self._clock()
            self._breaker.record_canary(passed=True)
            self._report_state()
            return True

    def _may_need_reload(self, code: str) -> bool:
        if code == "deadline_exceeded":
            return self._failed_canaries >= _SLOW_CANARIES_BEFORE_RELOAD
        return code in _RELOAD_CODES and self._failed_canaries >= _CANARIES_BEFORE_RELOAD

    async def _reload(self) -> None:
        """Have the server reload the model; if it refuses, note what a person has to do."""
        self._reload_advice = ""
        try:
            if not await self._model.reload(Deadline.after(RELOAD_DEADLINE_S, self._clock)):
                return
            get_logger().info("model_reloaded")
        except RequestFailed as error:
            self._reload_advice = (
                f" and was not reloaded ({error.code}): have Triton unload and load it, or restart Triton"
            )
            get_logger().error("model_not_reloaded", reason=error.code)
        self._next_reload_at = self._clock() + RELOAD_COOLDOWN_S

    def _report_state(self, trouble: str = "") -> None:
        """Show the breaker's state in /readyz, the metric and the log."""
        state = self._breaker.state
        if state is not BreakerState.OPEN:
            self._health.set(ReadinessPart.MODEL, None)
        elif trouble:
            self._health.set(ReadinessPart.MODEL, f"{trouble}; records are held until it is back")
        self._state_metric.set(state)
        if state is self._reported_state:
            return
        self._reported_state = state
        log = get_logger().warning if state is BreakerState.OPEN else get_logger().info
        log("breaker", state=state.name.lower(), count=self._breaker.times_opened)
        self._on_state_change(state)
