"""Dead letters: how their record is made, reported and counted.

The value holds the original bytes, the headers hold the story. The story never holds text.
"""

from collections import Counter
from dataclasses import replace

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime import metrics
from stream.runtime.codec import EncodedRecord, RawRecord
from stream.runtime.logging import get_logger
from stream.runtime.trace import HEADER as TRACE_HEADER
from stream.runtime.trace import trace_id, traceparent_of

STORY_PREFIX = "cp_"
# A replay needs the envelope to decode the bytes; no other original header is kept.
_ENVELOPE = frozenset({"ce_id", "ce_source", "ce_type", "ce_specversion", "content-type"})
_LONGEST_ENVELOPE_VALUE = 512  # bytes; real ids and types are far shorter
_WITHOUT_BODY = frozenset({DeadLetterReason.NO_CONSENT})
_NOT_COUNTED = frozenset({DeadLetterReason.NO_CONSENT, DeadLetterReason.TOO_LATE})
"""Reasons that do not count towards the limit in a row: the record is well formed, and a rule excludes it."""
UNACKNOWLEDGED_AFTER_S = 5.0
"""The time after which /readyz reports a missing acknowledgement; an acknowledgement normally takes milliseconds."""
MAX_BODY_BYTES = 1_000_000
"""The largest body that a dead letter keeps, in bytes.

A larger one would exceed the broker's limit together with the story; the story says where the original is.
"""


def dead_letter(raw: RawRecord, error: Exception, *, stage: str) -> EncodedRecord:
    """Return the dead letter of a record that could not be used because of `error`.

    An error that is not `Poison` is a bug of ours; the story names its type. The body of a record without consent is
    not kept, nor is a body larger than `MAX_BODY_BYTES`.
    """
    reason = reason_of(error)
    story = {
        "reason": reason.value,
        "stage": stage,
        "topic": raw.topic,
        "partition": str(raw.partition),
        "offset": str(raw.offset),
        "appended_ms": str(raw.timestamp_ms),
        "error_type": type(error).__name__,
        "place": error.place if isinstance(error, Poison) else _innermost_place(error),
    }
    headers = [(STORY_PREFIX + name, value.encode()) for name, value in story.items()]
    headers += [
        (name, value)
        for name, value in raw.headers
        if name.lower() in _ENVELOPE and value is not None and len(value) <= _LONGEST_ENVELOPE_VALUE
    ]
    if trace := traceparent_of(raw.headers):
        headers.append((TRACE_HEADER, trace))
    record = EncodedRecord(key=raw.key, value=raw.value or b"", headers=headers)
    keeps_body = reason not in _WITHOUT_BODY and len(record.value) <= MAX_BODY_BYTES
    return record if keeps_body else replace(record, value=b"")


def reason_of(error: Exception) -> DeadLetterReason:
    """Return the reason code of an error; BUG for every error that is not `Poison`."""
    return error.reason if isinstance(error, Poison) else DeadLetterReason.BUG


def report_dead_letter(raw: RawRecord, error: Exception, *, stage: str) -> None:
    """Log and count a dead letter that the broker has acknowledged."""
    reason = reason_of(error)
    bug = reason is DeadLetterReason.BUG
    log = get_logger().error if bug else get_logger().warning
    log(
        "dead_letter",
        reason=reason.value,
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        trace_id=trace_id(traceparent_of(raw.headers)),
        exc_info=error if bug else None,
    )
    metrics.DEAD_LETTERS.labels(stage=stage, reason=reason.value).inc()


def unacknowledged_trouble(error: BaseException | None) -> str:
    """Return the sentence that /readyz shows while the broker has not acknowledged a dead letter."""
    reason = "no answer" if error is None else type(error).__name__
    return f"The topic {DEAD_LETTERS} does not take a dead letter ({reason}); its record is held until it does."


class ConsecutiveDeadLetters:
    """The number of dead letters on each partition since its last usable record, with a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_a_row: Counter[int] = Counter()

    def reset(self, partition: int) -> None:
        """Set the count of a partition to zero, because one of its records could be used."""
        self._in_a_row.pop(partition, None)

    def check(self, raw: RawRecord) -> None:
        """Check the limit of a partition before its record `raw` becomes a dead letter.

        Raises:
            TooManyDeadLetters: the limit is reached.
        """
        if self._in_a_row[raw.partition] >= self._limit:
            raise TooManyDeadLetters(
                f"{self._limit} records in a row of {raw.topic}, partition {raw.partition}, could not be used. See the"
                " dead letters' reasons; the stage goes on from here when it is started again."
            )

    def count(self, raw: RawRecord, error: Exception) -> None:
        """Count a dead letter, unless its reason is one of `_NOT_COUNTED`."""
        self._in_a_row[raw.partition] += reason_of(error) not in _NOT_COUNTED


def _innermost_place(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
