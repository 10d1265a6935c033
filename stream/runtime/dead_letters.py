"""The record of a dead letter: the original bytes as value, its story in headers. The story never holds text."""

from collections import Counter
from dataclasses import replace

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime import metrics
from stream.runtime.codec import Encoded, RawRecord
from stream.runtime.logging import get_logger
from stream.runtime.trace import HEADER as TRACE_HEADER
from stream.runtime.trace import carried, trace_id

STORY_PREFIX = "cp_"
# The envelope is needed to read the bytes again on a replay; nothing else of the original headers is kept.
_ENVELOPE = frozenset({"ce_id", "ce_source", "ce_type", "ce_specversion", "content-type"})
_LONGEST_ENVELOPE_VALUE = 512  # bytes; an id or a type is far shorter, anything longer is not one
_WITHOUT_BODY = frozenset({DeadLetterReason.NO_CONSENT})
_WHOLE = frozenset({DeadLetterReason.NO_CONSENT, DeadLetterReason.TOO_LATE})
"""Reasons that say nothing against the topic: the record is well formed, and a rule keeps it out."""
PART = "dead letters"
"""Its name in /readyz."""
NOT_TAKEN_AFTER_S = 5.0
"""An acknowledgement takes milliseconds; after this long the stage says that it waits for one."""
LARGEST_BODY = 1_000_000
"""Bytes. With its story a larger one would not fit the broker's bound; the story says where the original stands."""


def dead_letter(raw: RawRecord, why: Exception, *, stage: str) -> Encoded:
    """Make the dead letter of `raw`. An exception that is not `Poison` is a bug of ours: its type is told.

    A record without consent leaves its body behind, and so does one too large to be kept twice.
    """
    reason = reason_of(why)
    story = {
        "reason": reason.value,
        "stage": stage,
        "topic": raw.topic,
        "partition": str(raw.partition),
        "offset": str(raw.offset),
        "appended_ms": str(raw.timestamp_ms),
        "error_type": type(why).__name__,
        "place": why.place if isinstance(why, Poison) else _innermost(why),
    }
    headers = [(STORY_PREFIX + name, value.encode()) for name, value in story.items()]
    headers += [
        (name, value)
        for name, value in raw.headers
        if name.lower() in _ENVELOPE and value is not None and len(value) <= _LONGEST_ENVELOPE_VALUE
    ]
    if trace := carried(raw.headers):
        headers.append((TRACE_HEADER, trace))
    letter = Encoded(key=raw.key, value=raw.value or b"", headers=headers)
    keeps_body = reason not in _WITHOUT_BODY and len(letter.value) <= LARGEST_BODY
    return letter if keeps_body else replace(letter, value=b"")


def reason_of(why: Exception) -> DeadLetterReason:
    """The reason code of an exception."""
    return why.reason if isinstance(why, Poison) else DeadLetterReason.BUG


def tell(raw: RawRecord, why: Exception, *, stage: str) -> None:
    """Log and count a dead letter that the broker has."""
    reason = reason_of(why)
    bug = reason is DeadLetterReason.BUG
    log = get_logger().error if bug else get_logger().warning
    log(
        "dead_letter",
        reason=reason.value,
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        trace_id=trace_id(carried(raw.headers)),
        exc_info=why if bug else None,
    )
    metrics.DEAD_LETTERS.labels(stage=stage, reason=reason.value).inc()


def not_taken(error: BaseException | None) -> str:
    """What /readyz says while a dead letter waits: nothing is acknowledged before the broker has it."""
    why = "no answer" if error is None else type(error).__name__
    return f"The topic {DEAD_LETTERS} does not take a dead letter ({why}); its record is held until it does."


class Streak:
    """Notices when nearly every record of a partition is set aside: `limit` of them, none good between."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_a_row: Counter[int] = Counter()

    def good(self, partition: int) -> None:
        """A record of this partition could be used."""
        self._in_a_row.pop(partition, None)

    def check(self, raw: RawRecord) -> None:
        """Ask before a record is set aside.

        Raises:
            TooManyDeadLetters: the limit is reached on its partition.
        """
        if self._in_a_row[raw.partition] >= self._limit:
            raise TooManyDeadLetters(
                f"{self._limit} records in a row of {raw.topic}, partition {raw.partition}, could not be used. See the"
                " dead letters' reasons; the stage goes on from here when it is started again."
            )

    def bad(self, raw: RawRecord, why: Exception) -> None:
        """A record has been set aside."""
        self._in_a_row[raw.partition] += reason_of(why) not in _WHOLE


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


__all__ = [
    "DEAD_LETTERS",
    "LARGEST_BODY",
    "NOT_TAKEN_AFTER_S",
    "PART",
    "STORY_PREFIX",
    "Streak",
    "dead_letter",
    "not_taken",
    "reason_of",
    "tell",
]
