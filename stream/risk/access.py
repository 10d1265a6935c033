"""The access of the stage `hear` to the reader: asked as the circuit breaker says, and never waited for.

A failed request is followed by the canary, as in the feedback stage. If that fails too, the reader is away: nothing is
asked until a later canary passes, and /readyz says that signals are by lexicon alone meanwhile.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.breaker import BreakerState, CircuitBreaker
from stream.feedback.models.reader import Opinion, Pair, Reader
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.metrics import RISK_READER_AWAY

REQUEST_S: Final = 5.0
"""Seconds for one request: ten times what the largest one takes on one busy core."""
CANARY_S: Final = 2.0
"""Seconds for a few made-up pairs, which take milliseconds."""
CANARY_INTERVAL_S: Final = 60.0
"""Without requests: a reader that died in a quiet hour is found before a message needs it."""


class ReaderAccess:
    """The one view of a process on its reader, used by one thread, which has no event loop of its own."""

    def __init__(self, reader: Reader, health: Health, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._health = health
        self._clock = clock
        self._breaker = CircuitBreaker(clock)
        self._seen_at = clock()
        self._loop = asyncio.Runner()

    def is_there(self) -> bool:
        """Return whether a request may be made; asks the canary where it is time to."""
        if self._breaker.admits_requests:
            return self._clock() - self._seen_at < CANARY_INTERVAL_S or self._canary()
        return self._breaker.seconds_until_retry == 0 and self._canary()

    def read(self, pairs: Sequence[Pair]) -> Sequence[Opinion]:
        """Return the opinion on each pair.

        Raises:
            RequestFailed: there is none; `is_there` says whether the reader is away or the pairs are at fault.
        """
        times_opened = self._breaker.times_opened
        try:
            found = self._loop.run(self._reader.read(pairs, Deadline.after(REQUEST_S)))
        except RequestFailed:
            if self._canary():
                self._breaker.record_request(times_opened, succeeded=False)
                self._report("too many requests fail")
            raise
        self._seen_at = self._clock()
        self._breaker.record_request(times_opened, succeeded=True)
        return found

    def close(self) -> None:
        """Close the reader's connections."""
        self._loop.run(self._reader.close())
        self._loop.close()

    def _canary(self) -> bool:
        trouble = self._canary_trouble()
        self._breaker.record_canary(passed=trouble is None)
        if trouble is None:
            self._seen_at = self._clock()
        else:
            get_logger().warning("canary_failed", reason=trouble)
        self._report(trouble or "")
        return trouble is None

    def _canary_trouble(self) -> str | None:
        try:
            self._loop.run(self._reader.canary(Deadline.after(CANARY_S)))
        except ModelUnavailable as error:
            return f"no answer, {error.code}"
        except Misconfigured:
            return "Triton serves the reader of another release"
        return None

    def _report(self, why: str) -> None:
        is_away = self._breaker.state is BreakerState.OPEN
        RISK_READER_AWAY.set(is_away)
        trouble = f"The reader is away ({why}): risk signals are by lexicon alone until it is back."
        self._health.set(ReadinessPart.MODEL, trouble if is_away else None)
