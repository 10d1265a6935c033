"""W3C Trace Context in Kafka records: the header `traceparent`, from a platform's request to the row in the queue.

Counterpoint creates no spans, so it forwards the header unchanged, as the recommendation asks of a service that does
not take part in a trace (https://www.w3.org/TR/trace-context/, 2 and 3.2). Why no library is used:
docs/decisions/0014-a-trace-of-our-own-thirty-lines.md.
"""

import re
import secrets
from collections.abc import Iterable

HEADER = "traceparent"
"""The name of the header in HTTP, and in Kafka records as OpenTelemetry's instrumentations write it."""
_CLOUDEVENTS_HEADER = "ce_traceparent"
"""The name of the header in the CloudEvents extension "distributed tracing", in binary mode."""

# version - trace id - parent id - flags; a later version may add parts after another dash. Hex only: no room for words.
_FORM = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_FORM_LENGTH = 55


def traceparent_of(headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """Return the first well-formed trace among the headers of a record or a request; None if there is none."""
    for name, value in headers:
        if name.lower() in {HEADER, _CLOUDEVENTS_HEADER} and value is not None and (found := _valid_part(value)):
            return found
    return None


def new_traceparent() -> bytes:
    """Return a new trace, for an event that came without one; its flags say that it has not been recorded."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00".encode()


def trace_id(traceparent: bytes | None) -> str | None:
    """Return the trace id, by which log lines of all stages can be found; None without a trace."""
    return None if traceparent is None else traceparent.split(b"-")[1].decode()


def _valid_part(value: bytes) -> bytes | None:
    """Return the four parts that every version has; None if the value is not well formed.

    Parts that a later version adds are dropped, because their meaning is not known.
    """
    if not _FORM.match(value):
        return None
    if value[_FORM_LENGTH:] and (value[:2] == b"00" or value[_FORM_LENGTH : _FORM_LENGTH + 1] != b"-"):
        return None
    return value[:_FORM_LENGTH]
