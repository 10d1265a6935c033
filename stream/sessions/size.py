"""The reduction of a session record to the size that a record may have."""

from stream.contracts.base import TopicRecord
from stream.contracts.sessions import Exchange, Mark, SessionRecord, referenced_ids
from stream.contracts.topics import MAX_RECORD_BYTES


def fit_to_limit(record: SessionRecord, limit: int = MAX_RECORD_BYTES) -> SessionRecord:
    """Return the record within `limit` bytes: without its lowest-scored exchanges, then without the oldest context.

    What is dropped is counted in the record. If that is not enough, the last exchange is dropped as well, then marks
    point at ever fewer of their messages; one message per mark always fits.
    """
    for reduce in (_drop_lowest, _drop_oldest_context, _drop_last, _halve_longest_mark):
        while record_size(record) > limit and (smaller := reduce(record)) is not None:
            record = smaller
    return record


def record_size(record: TopicRecord) -> int:
    """Return the size of a record in bytes, as it is published."""
    return len(record.model_dump_json(exclude_none=True).encode())


def _drop_lowest(record: SessionRecord) -> SessionRecord | None:
    return _without_lowest(record) if len(record.exchanges) > 1 else None


def _drop_last(record: SessionRecord) -> SessionRecord | None:
    return _without_lowest(record) if record.exchanges else None


def _without_lowest(record: SessionRecord) -> SessionRecord:
    lowest = min(record.exchanges, key=lambda exchange: exchange.score)
    kept = tuple(exchange for exchange in record.exchanges if exchange is not lowest)
    return _copy_with(record, kept, record.marks, exchanges_dropped_for_size=1)


def _drop_oldest_context(record: SessionRecord) -> SessionRecord | None:
    order = {message.message_id: index for index, message in enumerate(record.messages)}
    contexts = [*(exchange.context for exchange in record.exchanges), *(mark.context for mark in record.marks)]
    context = [message_id for each in contexts for message_id in each]
    if not context:
        return None
    oldest = min(context, key=order.__getitem__)
    exchanges = tuple(
        exchange.model_copy(update={"context": tuple(i for i in exchange.context if i != oldest)})
        for exchange in record.exchanges
    )
    marks = tuple(
        mark.model_copy(update={"context": tuple(i for i in mark.context if i != oldest)}) for mark in record.marks
    )
    return _copy_with(record, exchanges, marks, context_dropped_for_size=1)


def _halve_longest_mark(record: SessionRecord) -> SessionRecord | None:
    longest = max(record.marks, key=lambda mark: len(mark.message_ids), default=None)
    if longest is None or len(longest.message_ids) == 1:
        return None
    half = longest.message_ids[: len(longest.message_ids) // 2]
    kept = tuple(mark.model_copy(update={"message_ids": half}) if mark is longest else mark for mark in record.marks)
    return _copy_with(record, record.exchanges, kept)


def _copy_with(
    record: SessionRecord, exchanges: tuple[Exchange, ...], marks: tuple[Mark, ...], **dropped: int
) -> SessionRecord:
    needed = referenced_ids(exchanges, marks)
    counts = record.counts.model_copy(update={name: getattr(record.counts, name) + n for name, n in dropped.items()})
    return record.model_copy(
        update={
            "exchanges": exchanges,
            "marks": marks,
            "messages": tuple(message for message in record.messages if message.message_id in needed),
            "counts": counts,
        }
    )
