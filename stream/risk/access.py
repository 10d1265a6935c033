"""The access of the stage `hear` to the reader: asked as the circuit breaker says, and never waited for.

A failed request is followed by the canary, as in the feedback stage. If that fails too, the reader is away: nothing is
asked until a later canary passes, and /readyz says that signals are by lexicon alone meanwhile.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from stream.contracts.errors import Unavailable
from stream.contracts.vocabulary import Role
from stream.feedback.models.base import CANARY, ExchangePart, RequestFailed
from stream.feedback.models.baseline import load_answers
from stream.feedback.models.breaker import BreakerState, CircuitBreaker
from stream.risk.opinion import CriticalContent
from stream.risk.question import Pair
from stream.risk.reader import ANOTHER_READER, Reader, open_reader
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.metrics import RISK_READER_AWAY
from stream.runtime.settings import FeedbackSettings

REQUEST_S: Final = 5.0
"""Seconds for one request: ten times what the largest one takes on one busy core."""
CANARY_S: Final = 2.0
"""Seconds for one made-up pair, which takes milliseconds."""
CANARY_INTERVAL_S: Final = 60.0
"""Without requests: a reader that died in a quiet hour is found before a message needs it."""


class ReaderAccess:
    """The one view of a process on its reader, used by one thread."""

    def __init__(
        self, reader: Reader, health: Health, *, width: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`width` is how many logits the reader gives of a turn."""
        self._reader = reader
        self._health = health
        self._width = width
        self._clock = clock
        self._breaker = CircuitBreaker(clock)
        self._seen_at = clock()

    def is_there(self) -> bool:
        """Return whether a request may be made; asks the canary where it is time to."""
        if self._breaker.admits_requests:
            return self._clock() - self._seen_at < CANARY_INTERVAL_S or self._canary()
        return self._breaker.seconds_until_retry == 0 and self._canary()

    def read(self, pairs: Sequence[Pair]) -> Sequence[Any]:
        """Return the logits of each pair.

        Raises:
            RequestFailed: there are none; `is_there` says whether the reader is away or the pairs are at fault.
        """
        times_opened = self._breaker.times_opened
        try:
            found = self._reader.read(pairs, REQUEST_S)
        except RequestFailed:
            if self._canary():
                self._breaker.record_request(times_opened, succeeded=False)
                self._report("too many requests fail")
            raise
        self._seen_at = self._clock()
        self._breaker.record_request(times_opened, succeeded=True)
        return found

    def _canary(self) -> bool:
        code = self.canary_failure()
        self._breaker.record_canary(passed=code is None)
        if code is None:
            self._seen_at = self._clock()
        else:
            get_logger().warning("canary_failed", reason=code)
        self._report("Triton serves the reader of another release" if code == ANOTHER_READER else f"no answer, {code}")
        return code is None

    def canary_failure(self) -> str | None:
        """Return the code with which the canary fails; None if it passes."""
        try:
            self._reader.check(CANARY_S)
            (found,) = self._reader.read([canary_pair()], CANARY_S)
        except RequestFailed as error:
            return error.code
        return None if len(found) == self._width else ANOTHER_READER

    def _report(self, why: str) -> None:
        is_away = self._breaker.state is BreakerState.OPEN
        RISK_READER_AWAY.set(is_away)
        trouble = f"The reader is away ({why}): risk signals are by lexicon alone until it is back."
        self._health.set(ReadinessPart.MODEL, trouble if is_away else None)


def canary_pair() -> Pair:
    """Return the pair that every canary asks about, of the made-up exchange of the feedback model's."""
    said = {message.role: message.text for message in CANARY.messages if message.part is not ExchangePart.REPLY}
    return said[Role.COUNSELLOR], said[Role.CLIENT]


def try_reader(settings: FeedbackSettings) -> None:
    """Ask the reader that the settings name once, for `counterpoint check`.

    Raises:
        Unavailable: it does not answer, or is that of another release.
        Misconfigured: a certificate cannot be used, or the reader's files are not here.
    """
    reader = open_reader(settings)
    try:
        access = ReaderAccess(reader, Health(), width=CriticalContent.from_answers(load_answers()).width)
        if (code := access.canary_failure()) is not None:
            raise Unavailable(f"the reader at {settings.triton_url} ({code})")
    finally:
        reader.close()
