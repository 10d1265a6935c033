"""Dead letters of the sink: on the broker before the record is committed, and a stop when nearly everything is one."""

from collections import Counter
from typing import Any, Final

from kafka.errors import KafkaError

from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime import metrics
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import dead_letter
from stream.runtime.errors import CounterpointError, Poison, Unavailable
from stream.runtime.logging import get_logger

IN_A_ROW: Final = 20
"""Dead letters of one partition without a good record between: then it is not the records that are broken."""
ACKNOWLEDGED_WITHIN_S: Final = 5.0
LARGEST_BODY: Final = 1_000_000
"""Bytes. With its story a larger one would be too large for the broker; the story says where the original stands."""


class TooManyDeadLetters(CounterpointError):  # noqa: N818 - named by what is wrong; the stage stops and says so
    """Nearly everything is refused: a person must look before more is set aside."""


class SetAside:
    """Sets records aside through a kafka-python producer."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._in_a_row: Counter[int] = Counter()

    def good(self, partition: int) -> None:
        """A record of this partition could be used."""
        self._in_a_row.pop(partition, None)

    def put(self, raw: RawRecord, why: Exception) -> None:
        """Return once the broker has the dead letter; only then may the record be committed.

        Raises:
            Unavailable: the broker did not acknowledge it in time.
            TooManyDeadLetters: at the twentieth in a row of a partition; that one is not set aside.
        """
        if self._in_a_row[raw.partition] + 1 >= IN_A_ROW:
            raise TooManyDeadLetters(
                f"{IN_A_ROW} records in a row of {raw.topic}, partition {raw.partition}, could not be used. See the"
                " dead letters' reasons; the stage goes on from here when it is started again."
            )
        letter = dead_letter(raw, why, stage="sink")
        body = letter.value if len(letter.value) <= LARGEST_BODY else b""
        try:
            self._producer.send(
                DEAD_LETTERS, value=body, key=letter.key, headers=letter.headers, partition=raw.partition
            ).get(timeout=ACKNOWLEDGED_WITHIN_S)
        except KafkaError:
            raise Unavailable("the broker") from None
        self._in_a_row[raw.partition] += 1
        reason = why.reason if isinstance(why, Poison) else DeadLetterReason.BUG
        metrics.DEAD_LETTERS.labels(stage="sink", reason=reason.value).inc()
        get_logger().log(
            30 if isinstance(why, Poison) else 40,
            "dead_letter",
            reason=reason.value,
            topic=raw.topic,
            partition=raw.partition,
            offset=raw.offset,
            exc_info=None if isinstance(why, Poison) else why,
        )
