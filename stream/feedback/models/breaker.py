"""The circuit breaker: closed, open, half-open. A state machine alone: it waits for nothing and tells nobody.

    closed     requests pass, their outcomes are counted. Opens when half of them fail, or when the canary fails.
    open       nothing passes. When the pause is over the canary is asked: one that passes half-opens, one that fails
               begins a longer pause.
    half-open  requests pass one at a time. Any failure opens, `SUCCESSES` close.

The thresholds are those of Flink's breaker for Triton.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from stream.feedback.models.base import Clock

REQUESTS = 10
"""Outcomes before their share counts: fewer say little."""
WINDOW = 20
"""Latest outcomes that count. By number, for one outcome may take anything from milliseconds to a minute."""
FAILED_SHARE = 0.5
SUCCESSES = 2
"""In a row, half-open: the canary and one real request, or two canaries where nothing waits."""
PAUSES_S = (0.5, 1.0, 2.0, 5.0)
"""Before the next try, in seconds: soon enough for a restart, rare enough for a server that stays broken."""


class State(IntEnum):
    """As its metric says it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


def half_to_whole() -> float:
    """A factor of 0.5 to 1: workers that lost one server together do not all ask it again together."""
    return random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret


@dataclass
class Breaker:
    """Begins open without a pause: nothing is known of the model yet."""

    clock: Clock
    spread: Callable[[], float] = half_to_whole
    state: State = field(default=State.OPEN, init=False)
    opened: int = field(default=0, init=False)
    """How often it has opened. Outcomes of requests from before the last time say nothing about now."""
    _outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW), init=False)
    _successes: int = field(default=0, init=False)
    _pauses: int = field(default=0, init=False)
    """Since it was last closed."""
    _try_at: float = field(default=0.0, init=False)

    @property
    def admits(self) -> bool:
        """Whether requests pass; half-open one at a time, which the caller sees to."""
        return self.state is not State.OPEN

    @property
    def pause(self) -> float:
        """Seconds until the canary is to be asked; 0 where it is time."""
        return max(0.0, self._try_at - self.clock()) if self.state is State.OPEN else 0.0

    def canary_ended(self, *, well: bool) -> None:
        """Hear how a canary ended; one that passes before the pause is over changes nothing."""
        if not well:
            self._open()
        elif self.pause == 0:
            self._succeeded()

    def request_ended(self, admitted: int, *, well: bool) -> None:
        """Hear how a request ended that was admitted when `opened` was this number."""
        if admitted != self.opened or self.state is State.OPEN:
            return
        self._outcomes.append(well)
        if self._failing() if self.state is State.CLOSED else not well:
            self._open()
        elif well:
            self._succeeded()

    def _open(self) -> None:
        pause = PAUSES_S[min(self._pauses, len(PAUSES_S) - 1)]
        self._try_at = self.clock() + pause * self.spread()
        self._pauses += 1
        if self.state is not State.OPEN:
            self.opened += 1
        self.state, self._successes = State.OPEN, 0

    def _succeeded(self) -> None:
        if self.state is State.CLOSED:
            return
        self._successes += 1
        self.state = State.HALF_OPEN
        if self._successes >= SUCCESSES:
            self.state, self._pauses = State.CLOSED, 0
            self._outcomes.clear()

    def _failing(self) -> bool:
        failed = self._outcomes.count(False)
        return len(self._outcomes) >= REQUESTS and failed >= FAILED_SHARE * len(self._outcomes)
