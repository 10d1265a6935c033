"""Dead letters of a Faust worker: sent before their record is acknowledged, and a stop after too many in a row.

Upstream fault (Faust 0.15.3): it has no dead letters. A record that cannot be decoded, or whose handler raised, is
logged, acknowledged and lost. On an upgrade, check `Event.__aexit__`, `Channel.on_decode_error`, and which
exceptions `send_and_wait` of the producer raises.
"""

import asyncio
from operator import not_

import faust
from tenacity import AsyncRetrying, retry_if_result, wait_fixed

from stream.contracts.topics import DEAD_LETTERS
from stream.faust_support.producing import RETRY_SEND_S, SEND_ERRORS
from stream.runtime.codec import EncodedRecord, RawRecord
from stream.runtime.dead_letters import (
    UNACKNOWLEDGED_AFTER_S,
    ConsecutiveDeadLetters,
    dead_letter,
    report_dead_letter,
    unacknowledged_trouble,
)
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger


class DeadLetters:
    """The dead letters of one stage."""

    def __init__(self, app: faust.App, stage: str, limit: int, health: Health) -> None:
        """`limit` is `kafka.dead_letters_in_a_row`."""
        self._app = app
        self._stage = stage
        self._health = health
        self._in_a_row = ConsecutiveDeadLetters(limit)
        self.record_ok = self._in_a_row.reset
        self._lock = asyncio.Lock()

    async def put(self, raw: RawRecord, error: Exception) -> None:
        """Return once the broker has the dead letter; only then may the record be acknowledged.

        While the topic refuses it, whatever the reason, the stage is not ready and retries.

        Raises:
            TooManyDeadLetters: nearly every record is refused; this one is not dead-lettered.
        """
        async with self._lock:  # otherwise those in flight side by side would pass the limit together
            self._in_a_row.check(raw)
            try:
                retrying = AsyncRetrying(retry=retry_if_result(not_), wait=wait_fixed(RETRY_SEND_S))
                await retrying(self._is_sent, dead_letter(raw, error, stage=self._stage))
            finally:  # sent, or its partition belongs to another worker now
                self._health.set(ReadinessPart.DEAD_LETTERS, None)
            self._in_a_row.count(raw, error)
        report_dead_letter(raw, error, stage=self._stage)

    async def _is_sent(self, record: EncodedRecord) -> bool:
        arguments = (DEAD_LETTERS, record.key, record.value, None, None, record.headers)
        sending = asyncio.ensure_future(self._app.producer.send_and_wait(*arguments))
        try:
            done, _ = await asyncio.wait((sending,), timeout=UNACKNOWLEDGED_AFTER_S)
            if not done:  # keep waiting: a second attempt might make it arrive twice
                self._health.set(ReadinessPart.DEAD_LETTERS, unacknowledged_trouble(None))
            await sending
        except asyncio.CancelledError:
            sending.cancel()
            raise
        except SEND_ERRORS as error:
            reason = error.__cause__ or error
            self._health.set(ReadinessPart.DEAD_LETTERS, unacknowledged_trouble(reason))
            get_logger().warning("send_failed", topic=DEAD_LETTERS, error_type=type(reason).__name__)
            return False
        return True
