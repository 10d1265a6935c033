"""Dead letters of the sink: on the broker before the record is committed, and a stop when nearly everything is one."""

from typing import Any, Final

from kafka.errors import KafkaError

from stream.contracts.topics import DEAD_LETTERS
from stream.runtime.codec import RawRecord
from stream.runtime.dead_letters import Streak, dead_letter, tell
from stream.runtime.errors import Unavailable

STAGE: Final = "sink"
ACKNOWLEDGED_WITHIN_S: Final = 5.0


class SetAside:
    """Sets records aside through a kafka-python producer."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._streak = Streak()
        self.good = self._streak.good

    def put(self, raw: RawRecord, why: Exception) -> None:
        """Return once the broker has the dead letter; only then may the record be committed.

        Raises:
            Unavailable: the broker did not acknowledge it in time.
            TooManyDeadLetters: nearly everything is refused; this one is not set aside.
        """
        self._streak.check(raw)
        letter = dead_letter(raw, why, stage=STAGE)
        try:
            self._producer.send(
                DEAD_LETTERS, value=letter.value, key=letter.key, headers=letter.headers, partition=raw.partition
            ).get(timeout=ACKNOWLEDGED_WITHIN_S)
        except KafkaError:
            raise Unavailable("the broker") from None
        self._streak.bad(raw, why)
        tell(raw, why, stage=STAGE)
