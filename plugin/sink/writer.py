"""From the bytes of one record on the feedback topic to one committed transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key
from plugin.database.migrate import pending
from plugin.sink.apply import FeedbackTopicRecord, apply
from plugin.sink.validate import check
from stream.contracts.errors import Unavailable
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.topics import FEEDBACK
from stream.runtime import metrics
from stream.runtime.codec import RawRecord, check_partition, decode, known_types
from stream.runtime.logging import get_logger
from stream.runtime.trace import carried, trace_id

_KNOWN: Final = known_types(*RECORDS_BY_TOPIC[FEEDBACK])


@dataclass(frozen=True)
class Writer:
    """Writes records one by one; each call is one transaction."""

    url: str = field(repr=False)
    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey
    partitions: int
    now: Callable[[], datetime]

    def write(self, raw: RawRecord) -> None:
        """Return when the record's effect is committed.

        Raises:
            Poison: the record can never be stored.
            Unavailable: the database is away; nothing has happened.
        """
        event = decode(raw, _KNOWN)
        record = cast("FeedbackTopicRecord", event.data)  # `_KNOWN` holds nothing else
        check_partition(raw, record, self.partitions)
        check(record)
        with transaction(self.engine) as session:
            applied = apply(session, self.kek, record, self.now())
        metrics.ROWS_STORED.labels(outcome=applied.value).inc()
        get_logger().info(
            "record_applied",
            tenant=record.tenant,
            event_id=event.id,
            event_type=event.type,
            session_id=str(getattr(record, "session_id", "")),
            revision=getattr(record, "revision", None),
            state=applied.value,
            trace_id=trace_id(carried(raw.headers)),
        )

    def trouble(self) -> str | None:
        """What keeps the database from taking records, as a sentence; None when nothing does.

        Raises:
            Misconfigured: the key encryption key is not the one of this database, or its schema is a later version's.
        """
        try:
            if pending(self.url):
                return "The database's schema is not this version's. Run `counterpoint migrate`."
            with transaction(self.engine) as session:
                check_key(session, self.kek)
        except Unavailable:
            return "PostgreSQL does not answer; records are held until it does."
        return None
