"""The writer that decodes one record of the topics that the sink reads, and applies it in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, cast

from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.migrate import is_up_to_date, known_revisions
from plugin.sink.apply import SinkRecord, apply
from plugin.sink.validate import validate_record
from stream.contracts.errors import Unavailable
from stream.contracts.outcomes import Outcome
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.runtime import metrics
from stream.runtime.codec import RawRecord, check_partition, decode, known_types
from stream.runtime.logging import get_logger
from stream.runtime.stages import SINK
from stream.runtime.trace import trace_id, traceparent_of

_KNOWN: Final = {topic: known_types(*RECORDS_BY_TOPIC[topic]) for topic in SINK.topics}


@dataclass(frozen=True)
class Writer:
    """A writer of records, one by one, each in one transaction."""

    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey
    partitions: int
    now: Callable[[], datetime]
    revisions: tuple[str, ...] = field(default_factory=known_revisions)
    """The revisions of the database schema, oldest first."""

    def write(self, raw: RawRecord) -> None:
        """Apply a record, and return when its effect is committed.

        Raises:
            Poison: the record can never be stored.
            Unavailable: the database is away; nothing was changed.
        """
        event = decode(raw, _KNOWN[raw.topic])
        record = cast("SinkRecord", event.data)  # `_KNOWN` holds nothing else
        check_partition(raw, record, self.partitions)
        validate_record(record)
        if isinstance(record, Outcome):  # whatever the sender wrote there
            record = record.model_copy(update={"appended_at": datetime.fromtimestamp(raw.timestamp_ms / 1000, UTC)})
        with transaction(self.engine) as session:
            result = apply(session, self.kek, record, self.now())
        metrics.ROWS_STORED.labels(outcome=result.value).inc()
        get_logger().info(
            "record_applied",
            tenant=record.tenant,
            event_id=event.id,
            event_type=event.type,
            session_id=str(getattr(record, "session_id", "")),
            revision=getattr(record, "revision", None),
            state=result.value,
            trace_id=trace_id(traceparent_of(raw.headers)),
        )

    def database_trouble(self) -> str | None:
        """Return why the database cannot take records, as a sentence; None when it can.

        Raises:
            Misconfigured: the key encryption key is not the one of this database, or its schema is a later version's.
        """
        try:
            if not is_up_to_date(self.engine, self.revisions):
                return "The database's schema is not this version's. Run `counterpoint migrate`."
            with transaction(self.engine) as session:
                check_key_encryption_key(session, self.kek)
        except Unavailable:
            return "PostgreSQL does not answer; records are held until it does."
        return None
