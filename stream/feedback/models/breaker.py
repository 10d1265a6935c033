"""The circuit breaker of a stage's model: closed, open, half-open. A state machine alone, without any waiting.

    closed     requests pass, their outcomes are counted. Opens when half of them fail, or when the canary fails.
    open       no request passes. After the delay the canary is asked: one that passes half-opens, one that fails
               begins a longer delay.
    half-open  requests pass one at a time. Any failure opens, `SUCCESSES_TO_CLOSE` successes close.

The thresholds are those of Flink's breaker for Triton.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from stream.feedback.models.base import Clock

MIN_OUTCOMES = 10
"""Outcomes before their failure rate counts: fewer say little."""
OUTCOME_WINDOW = 20
"""Latest outcomes that count. By number, because one outcome may take anything from milliseconds to a minute."""
FAILURE_RATE_TO_OPEN = 0.5
SUCCESSES_TO_CLOSE = 2
"""In a row, half-open: the canary and one real request, or two canaries where nothing waits."""
RETRY_DELAYS_S = (0.5, 1.0, 2.0, 5.0)
"""Before the next try, in seconds: soon enough for a restart, rare enough for a server that stays broken."""


class BreakerState(IntEnum):
    """The states of the breaker, with the values of its metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


def random_half_to_one() -> float:
    """Return a random factor of 0.5 to 1: workers that lost one server together do not all retry together."""
    return random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret


@dataclass
class CircuitBreaker:
    """A breaker that begins open without a delay, because nothing is known of the model yet."""

    clock: Clock
    jitter: Callable[[], float] = random_half_to_one
    """The factor by which each delay is shortened."""
    state: BreakerState = field(default=BreakerState.OPEN, init=False)
    times_opened: int = field(default=0, init=False)
    """How often the breaker has opened. Outcomes of requests from before the last time say nothing about now."""
    _outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=OUTCOME_WINDOW), init=False)
    _successes: int = field(default=0, init=False)
    _delays: int = field(default=0, init=False)
    """Delays since the breaker was last closed."""
    _retry_at: float = field(default=0.0, init=False)

    @property
    def admits_requests(self) -> bool:
        """Whether requests pass; half-open one at a time, which the caller ensures."""
        return self.state is not BreakerState.OPEN

    @property
    def seconds_until_retry(self) -> float:
        """The seconds until the canary is to be asked; 0 where it is time."""
        return max(0.0, self._retry_at - self.clock()) if self.state is BreakerState.OPEN else 0.0

    def record_canary(self, *, passed: bool) -> None:
        """Take in the outcome of a canary; one that passes before the delay is over changes nothing."""
        if not passed:
            self._open()
        elif self.seconds_until_retry == 0:
            self._record_success()

    def record_request(self, times_opened: int, *, succeeded: bool) -> None:
        """Take in the outcome of a request that was admitted when `times_opened` was this number."""
        if times_opened != self.times_opened or self.state is BreakerState.OPEN:
            return
        self._outcomes.append(succeeded)
        if self._too_many_failed() if self.state is BreakerState.CLOSED else not succeeded:
            self._open()
        elif succeeded:
            self._record_success()

    def _open(self) -> None:
        delay = RETRY_DELAYS_S[min(self._delays, len(RETRY_DELAYS_S) - 1)]
        self._retry_at = self.clock() + delay * self.jitter()
        self._delays += 1
        if self.state is not BreakerState.OPEN:
            self.times_opened += 1
        self.state, self._successes = BreakerState.OPEN, 0

    def _record_success(self) -> None:
        if self.state is BreakerState.CLOSED:
            return
        self._successes += 1
        self.state = BreakerState.HALF_OPEN
        if self._successes >= SUCCESSES_TO_CLOSE:
            self.state, self._delays = BreakerState.CLOSED, 0
            self._outcomes.clear()

    def _too_many_failed(self) -> bool:
        failed = self._outcomes.count(False)
        return len(self._outcomes) >= MIN_OUTCOMES and failed >= FAILURE_RATE_TO_OPEN * len(self._outcomes)
