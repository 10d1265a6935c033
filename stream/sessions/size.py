"""Keeping a session record under the size that a record may have."""

from collections.abc import Callable

from stream.contracts.sessions import Exchange, Mark, SessionRecord
from stream.contracts.topics import MAX_RECORD_BYTES


def bounded(record: SessionRecord, limit: int = MAX_RECORD_BYTES) -> SessionRecord:
    """The record within `limit` bytes: without its lowest-scored exchanges, then without the oldest context.

    What goes is counted in the record. If that is not enough, the last exchange goes as well, then marks point at
    ever fewer of their messages; one message a mark always fits.
    """
    for drop in (_drop_lowest, _drop_oldest_context, _drop_last, _halve_longest_mark):
        while size(record) > limit and (smaller := drop(record)) is not None:
            record = smaller
    return record


def size(record: SessionRecord) -> int:
    """Bytes of the record as it is published."""
    return len(record.model_dump_json(exclude_none=True).encode())


Drop = Callable[[SessionRecord], SessionRecord | None]


def _drop_lowest(record: SessionRecord) -> SessionRecord | None:
    return _without_lowest(record) if len(record.exchanges) > 1 else None


def _drop_last(record: SessionRecord) -> SessionRecord | None:
    return _without_lowest(record) if record.exchanges else None


def _without_lowest(record: SessionRecord) -> SessionRecord:
    lowest = min(record.exchanges, key=lambda exchange: exchange.score)
    kept = tuple(exchange for exchange in record.exchanges if exchange is not lowest)
    return _with(record, kept, record.marks, exchanges_dropped_for_size=1)


def _drop_oldest_context(record: SessionRecord) -> SessionRecord | None:
    order = {message.message_id: place for place, message in enumerate(record.messages)}
    context = [name for exchange in record.exchanges for name in exchange.context]
    if not context:
        return None
    oldest = min(context, key=order.__getitem__)
    kept = tuple(
        exchange.model_copy(update={"context": tuple(name for name in exchange.context if name != oldest)})
        for exchange in record.exchanges
    )
    return _with(record, kept, record.marks, context_dropped_for_size=1)


def _halve_longest_mark(record: SessionRecord) -> SessionRecord | None:
    longest = max(record.marks, key=lambda mark: len(mark.message_ids), default=None)
    if longest is None or len(longest.message_ids) == 1:
        return None
    half = longest.message_ids[: len(longest.message_ids) // 2]
    kept = tuple(mark.model_copy(update={"message_ids": half}) if mark is longest else mark for mark in record.marks)
    return _with(record, record.exchanges, kept)


def _with(
    record: SessionRecord, exchanges: tuple[Exchange, ...], marks: tuple[Mark, ...], **dropped: int
) -> SessionRecord:
    needed = {name for e in exchanges for name in (*e.context, *e.client_turn, *e.reply)}
    needed |= {name for mark in marks for name in mark.message_ids}
    counts = record.counts.model_copy(update={name: getattr(record.counts, name) + n for name, n in dropped.items()})
    return record.model_copy(
        update={
            "exchanges": exchanges,
            "marks": marks,
            "messages": tuple(message for message in record.messages if message.message_id in needed),
            "counts": counts,
        }
    )
