"""Dead letters of a stage without Faust, written before a record is committed; too many in a row stop the stage."""

from typing import Any

from kafka.errors import KafkaError

from stream.contracts.errors import Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import ConsecutiveDeadLetters, dead_letter, report_dead_letter, unacknowledged_trouble
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.kafka_clients import READER_TIMEOUTS, send_and_wait


class DeadLetterWriter:
    """A writer of dead letters through a kafka-python producer."""

    def __init__(self, producer: Any, stage: str, limit: int, health: Health) -> None:
        """`limit` is `kafka.dead_letters_in_a_row`."""
        self._producer = producer
        self._stage = stage
        self._health = health
        self._streak = ConsecutiveDeadLetters(limit)

    def reset(self, raw: RawRecord) -> None:
        """Reset the count of consecutive dead letters of a record's partition, since this record could be used."""
        self._streak.reset(raw)
        self._health.set(ReadinessPart.DEAD_LETTERS, None)

    def put(self, raw: RawRecord, why: Exception) -> None:
        """Write a dead letter and return once the broker has it; only then may the record be committed.

        Raises:
            Unavailable: the broker did not acknowledge it in time; the stage is not ready until it does.
            TooManyDeadLetters: nearly every record is refused; this one is not written as a dead letter.
        """
        self._streak.check(raw)
        letter = dead_letter(raw, why, stage=self._stage)
        try:
            send_and_wait(self._producer, DEAD_LETTERS, letter, raw.partition, timeouts=READER_TIMEOUTS)
        except KafkaError as error:
            self._health.set(ReadinessPart.DEAD_LETTERS, unacknowledged_trouble(error))
            raise Unavailable(f"the topic {DEAD_LETTERS}") from None
        self._health.set(ReadinessPart.DEAD_LETTERS, None)
        self._streak.count(raw, why)
        report_dead_letter(raw, why, stage=self._stage)
