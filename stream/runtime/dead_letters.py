"""Dead letters: how their record is made, reported and counted.

The value holds the original bytes, the headers hold the story. The story never holds text.
"""

import json
from collections import defaultdict
from dataclasses import replace

from pydantic import ValidationError

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import TEXTLESS_EVENTS
from stream.contracts.risk import RiskSignal
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime import metrics
from stream.runtime.codec import EncodedRecord, RawRecord, event_mode
from stream.runtime.logging import get_logger
from stream.runtime.trace import HEADER as TRACE_HEADER
from stream.runtime.trace import trace_id, traceparent_of

STORY_PREFIX = "cp_"
# A replay needs the envelope to decode the bytes; no other original header is kept.
_ENVELOPE = frozenset({"ce_id", "ce_source", "ce_type", "ce_specversion", "content-type"})
_LONGEST_ENVELOPE_VALUE = 512  # bytes; real ids and types are far shorter
_NOT_COUNTED = frozenset(
    {
        DeadLetterReason.NO_CONSENT,
        DeadLetterReason.SEGMENT_FULL,
        DeadLetterReason.UNKNOWN_TENANT,
        DeadLetterReason.NOT_DELIVERED,
    }
)
"""Reasons that do not count towards the limit in a row: the record is well formed, and nothing is wrong with it."""
_OF_SESSIONS = frozenset({SessionRecord.event_type.encode(), FeedbackRecord.event_type.encode()})
_FIELDS_WITH_TEXT = ("messages", "known_names", "assessments")
_TEXTLESS = {event.event_type: event for event in (*TEXTLESS_EVENTS, RiskSignal, MeasuresRecord)}
UNACKNOWLEDGED_AFTER_S = 5.0
"""The time after which /readyz reports a missing acknowledgement; an acknowledgement normally takes milliseconds."""
MAX_BODY_BYTES = 1_000_000
"""The largest body that a dead letter keeps, in bytes.

A larger one would exceed the broker's limit together with the story; the story says where the original is.
"""


def dead_letter(raw: RawRecord, error: Exception, *, stage: str) -> EncodedRecord:
    """Return the dead letter of a record that could not be used because of `error`.

    An error that is not `Poison` is a bug of ours; the story names its type. The body is kept only where it says that
    the client consents to processing, or where it is an event that has no place for text; and not if it is larger than
    `MAX_BODY_BYTES`.
    """
    reason = reason_of(error)
    story = {
        "reason": reason.value,
        "stage": stage,
        "topic": raw.topic,
        "partition": str(raw.partition),
        "offset": str(raw.offset),
        "appended_ms": str(raw.timestamp_ms),
        "mode": event_mode(raw.headers),
        "bytes": str(len(raw.value or b"")),
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
    refused = reason is DeadLetterReason.NO_CONSENT
    keeps_body = not refused and len(record.value) <= MAX_BODY_BYTES and _may_be_kept(raw)
    return record if keeps_body else replace(record, value=b"")


def _may_be_kept(raw: RawRecord) -> bool:
    """Whether the body of a record says that its client consents, or can hold no words of a client."""
    try:
        value = json.loads(raw.value or b"")  # as lenient as possible: what is broken elsewhere may still say it
    except (ValueError, RecursionError):
        return False
    event_type = next((content for name, content in raw.headers if name.lower() == "ce_type"), b"") or b""
    if isinstance(value, dict) and "specversion" in value:
        event_type = str(value.get("type", "")).encode()
        value = value.get("data")
    if not isinstance(value, dict):
        return False
    consent = value.get("consent")
    if isinstance(consent, dict) and consent.get("processing") is True:
        return True
    if event_type in _OF_SESSIONS:  # an erased session has no consent; without its record a stored one would stay
        return not any(value.get(name) for name in _FIELDS_WITH_TEXT)
    model = _TEXTLESS.get(event_type.decode(errors="replace"))
    try:
        return model is not None and value.keys() <= model.model_fields.keys() and bool(model.model_validate(value))
    except ValidationError:
        return False


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
    """The conversations with dead letters on each partition of a topic since its last usable record, with a limit.

    Conversations are counted, not records, so that no one conversation can stop a stage. A record without a key counts
    as a conversation of its own.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_a_row: defaultdict[tuple[str, int], set[bytes | int]] = defaultdict(set)

    def reset(self, raw: RawRecord) -> None:
        """Set the count of a record's partition to zero, because this record could be used."""
        self._in_a_row.pop((raw.topic, raw.partition), None)

    def check(self, raw: RawRecord) -> None:
        """Check the limit of a partition before its record `raw` becomes a dead letter.

        Raises:
            TooManyDeadLetters: the limit is reached.
        """
        if len(self._in_a_row[raw.topic, raw.partition]) >= self._limit:
            raise TooManyDeadLetters(
                f"Records of {self._limit} conversations in a row of {raw.topic}, partition {raw.partition}, could not"
                " be used. See the dead letters' reasons; the stage goes on from here when it is started again."
            )

    def count(self, raw: RawRecord, error: Exception) -> None:
        """Count a dead letter, unless its reason is one of `_NOT_COUNTED`."""
        if reason_of(error) not in _NOT_COUNTED:
            self._in_a_row[raw.topic, raw.partition].add(raw.offset if raw.key is None else raw.key)


def _innermost_place(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
