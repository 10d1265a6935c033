"""W3C Trace Context through Kafka: one header, `traceparent`, from a platform's request to the row in the queue.

Counterpoint makes no spans, so it passes the header on as it came, as the recommendation asks of whoever takes no part
in a trace (https://www.w3.org/TR/trace-context/, 2 and 3.2). Why no library:
docs/decisions/0014-a-trace-of-our-own-thirty-lines.md.
"""

import re
import secrets
from collections.abc import Iterable

HEADER = "traceparent"
"""Of HTTP, and of Kafka records as OpenTelemetry's instrumentations name it."""
_CLOUDEVENTS_HEADER = "ce_traceparent"
"""The same as the CloudEvents extension "distributed tracing" spells it in binary mode."""

# version - trace id - parent id - flags; a later version may go on after another dash. Hex alone: no room for words.
_FORM = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_FORM_LENGTH = 55


def carried(headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """The trace a record or a request came with; None when there is none, or none that is well formed."""
    for name, value in headers:
        if name.lower() in {HEADER, _CLOUDEVENTS_HEADER} and value is not None and (found := _known_part(value)):
            return found
    return None


def begin() -> bytes:
    """A new trace, for what came with none. Its flags say that nobody recorded it so far."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00".encode()


def trace_id(traceparent: bytes | None) -> str | None:
    """The part by which log lines of all stages are found again."""
    return None if traceparent is None else traceparent.split(b"-")[1].decode()


def _known_part(value: bytes) -> bytes | None:
    """The four parts that every version has; of a later version what follows is left behind, for it is not known."""
    if not _FORM.match(value):
        return None
    if value[_FORM_LENGTH:] and (value[:2] == b"00" or value[_FORM_LENGTH : _FORM_LENGTH + 1] != b"-"):
        return None
    return value[:_FORM_LENGTH]
