"""The record of a dead letter: the original bytes as value, its story in headers. The story never holds text."""

from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import Encoded, RawRecord
from stream.runtime.errors import Poison

STORY_PREFIX = "cp_"
# The envelope is needed to read the bytes again on a replay; nothing else of the original headers is kept.
_ENVELOPE = frozenset({"ce_id", "ce_source", "ce_type", "ce_specversion", "content-type"})
_LONGEST_ENVELOPE_VALUE = 512  # bytes; an id or a type is far shorter, anything longer is not one
_WITHOUT_BODY = frozenset({DeadLetterReason.NO_CONSENT})


def dead_letter(raw: RawRecord, why: Poison | Exception, *, stage: str) -> Encoded:
    """Make the dead letter of `raw`. An exception that is not `Poison` is a bug of ours: its type is told.

    A record without consent leaves its body behind.
    """
    reason = why.reason if isinstance(why, Poison) else DeadLetterReason.BUG
    place = why.place if isinstance(why, Poison) else _innermost(why)
    story = {
        "reason": reason.value,
        "stage": stage,
        "topic": raw.topic,
        "partition": str(raw.partition),
        "offset": str(raw.offset),
        "appended_ms": str(raw.timestamp_ms),
        "error_type": type(why).__name__,
        "place": place,
    }
    headers = [(STORY_PREFIX + name, value.encode()) for name, value in story.items()]
    headers += [
        (name, value)
        for name, value in raw.headers
        if name.lower() in _ENVELOPE and value is not None and len(value) <= _LONGEST_ENVELOPE_VALUE
    ]
    body = b"" if reason in _WITHOUT_BODY or raw.value is None else raw.value
    return Encoded(key=raw.key, value=body, headers=headers)


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


__all__ = ["DEAD_LETTERS", "STORY_PREFIX", "dead_letter"]
