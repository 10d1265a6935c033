"""Risk signals for tests of their delivery, as records of the topic."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from stream.contracts.risk import RiskSignal
from stream.contracts.topics import RISK
from stream.contracts.vocabulary import Concern, HeardBy
from stream.runtime.codec import RawRecord, encode, partition_of

PARTITIONS = 2
TENANT = "riverside"
AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def signal(message_id: str = "m-1", **changes: Any) -> RiskSignal:
    """Return a signal."""
    fields = {
        "tenant": TENANT,
        "conversation_id": "c_1",
        "session_id": UUID(int=9),
        "message_id": message_id,
        "revision": 0,
        "concerns": (Concern.SUICIDE, Concern.ABUSE),
        "heard_by": (HeardBy.LEXICON,),
        "appended_at": AT,
    }
    return RiskSignal.model_validate(fields | changes)


def raw(of: RiskSignal, offset: int = 0, *, waited_s: float = 0, now: datetime = AT) -> RawRecord:
    """Return a signal as a record that was appended some seconds ago."""
    encoded = encode(of)
    appended = now - timedelta(seconds=waited_s)
    partition = partition_of(encoded.key or b"", PARTITIONS)
    timestamp_ms = round(appended.timestamp() * 1000)
    return RawRecord(RISK, partition, offset, timestamp_ms, encoded.key, encoded.value, encoded.headers)


def conversation_on(partition: int) -> str:
    """Return the name of a conversation whose records are on a partition."""
    names: Sequence[str] = [f"c_{number}" for number in range(20)]
    return next(name for name in names if partition_of(f"{TENANT}:{name}".encode(), PARTITIONS) == partition)
