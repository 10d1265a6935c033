"""Dead letters of the sink: on the broker before the record is committed, and a stop when nearly everything is one."""

from typing import Any, Final

from kafka.errors import KafkaError

from stream.contracts.errors import Unavailable
from stream.contracts.topics import DEAD_LETTERS
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import NOT_TAKEN_AFTER_S, PART, Streak, dead_letter, not_taken, tell
from stream.runtime.health import Health

STAGE: Final = "sink"
ACKNOWLEDGED_WITHIN_S: Final = NOT_TAKEN_AFTER_S


class SetAside:
    """Sets records aside through a kafka-python producer."""

    def __init__(self, producer: Any, limit: int, health: Health) -> None:
        """`limit` is `kafka.dead_letters_in_a_row`."""
        self._producer = producer
        self._health = health
        self._streak = Streak(limit)

    def good(self, partition: int) -> None:
        """A record of this partition could be used; what was held for lack of a dead letter is somebody else's now."""
        self._streak.good(partition)
        self._health.set(PART, None)

    def put(self, raw: RawRecord, why: Exception) -> None:
        """Return once the broker has the dead letter; only then may the record be committed.

        Raises:
            Unavailable: the broker did not acknowledge it in time; the stage is not ready until it does.
            TooManyDeadLetters: nearly everything is refused; this one is not set aside.
        """
        self._streak.check(raw)
        letter = dead_letter(raw, why, stage=STAGE)
        try:
            self._producer.send(
                DEAD_LETTERS, value=letter.value, key=letter.key, headers=letter.headers, partition=raw.partition
            ).get(timeout=ACKNOWLEDGED_WITHIN_S)
        except KafkaError as error:
            self._health.set(PART, not_taken(error))
            raise Unavailable(f"the topic {DEAD_LETTERS}") from None
        self._health.set(PART, None)
        self._streak.bad(raw, why)
        tell(raw, why, stage=STAGE)
