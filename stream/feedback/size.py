"""Keep a feedback record under the bound of a record: answers come on top of a session record that just kept it."""

from stream.contracts.feedback import FeedbackRecord
from stream.contracts.topics import MAX_RECORD_BYTES


def fit_to_max_size(record: FeedbackRecord, max_bytes: int = MAX_RECORD_BYTES) -> FeedbackRecord:
    """The record without its lowest-scored exchanges where it would be too large; the counts say how many."""
    while record.exchanges and _size_bytes(record) > max_bytes:
        dropped = min(record.exchanges, key=lambda exchange: exchange.score).exchange_id
        counts = record.counts
        record = record.model_copy(
            update={
                "exchanges": tuple(e for e in record.exchanges if e.exchange_id != dropped),
                "assessments": tuple(a for a in record.assessments if a.exchange_id != dropped),
                "abstentions": tuple(a for a in record.abstentions if a.exchange_id != dropped),
                "counts": counts.model_copy(
                    update={"exchanges_dropped_for_size": counts.exchanges_dropped_for_size + 1}
                ),
            }
        )
    return record


def _size_bytes(record: FeedbackRecord) -> int:
    return len(record.model_dump_json(exclude_none=True).encode())
