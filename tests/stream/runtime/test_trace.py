"""Tests of W3C Trace Context: a well-formed trace is forwarded and anything else is dropped."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stream.contracts.errors import Poison
from stream.contracts.messages import Tick
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord, encode
from stream.runtime.dead_letters import dead_letter
from stream.runtime.trace import HEADER, new_traceparent, trace_id, traceparent_of

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BAD = [
    b"",
    b"canary phrase",
    GOOD[:-1],
    GOOD.upper(),
    b"ff" + GOOD[2:],
    GOOD + b"-more",
    GOOD + b"x",
    b"01" + GOOD[2:] + b".x",
    b"00-" + b"0" * 32 + GOOD[35:],
    GOOD[:36] + b"0" * 16 + b"-01",
    b" " + GOOD,
    GOOD.replace(b"-", b"_"),
]


def by_opentelemetry(value: bytes) -> str | None:
    """Return the trace id that OpenTelemetry, the reference implementation, reads."""
    carrier = {HEADER: value.decode("latin-1")}
    found = get_current_span(TraceContextTextMapPropagator().extract(carrier)).get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else None


def test_a_well_formed_trace_is_returned_unchanged() -> None:
    """A well-formed trace is returned unchanged.

    It may be in the header of Kafka, of HTTP in any case, or of the CloudEvents extension.
    """
    for name in ("traceparent", "Traceparent", "ce_traceparent"):
        assert traceparent_of([("ce_id", b"x"), (name, GOOD)]) == GOOD
    assert trace_id(GOOD) == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("bad", BAD)
def test_a_malformed_trace_is_dropped(bad: bytes) -> None:
    """A malformed trace is dropped, because it may contain words."""
    assert traceparent_of([(HEADER, bad)]) is None


@pytest.mark.parametrize("value", [*BAD[3:9], GOOD, b"01" + GOOD[2:], b"01" + GOOD[2:] + b"-later"])
def test_a_trace_is_read_as_opentelemetry_reads_it(value: bytes) -> None:
    """A trace is read as OpenTelemetry's propagator reads it."""
    assert trace_id(traceparent_of([(HEADER, value)])) == by_opentelemetry(value)


def test_parts_of_a_later_version_are_dropped() -> None:
    """Parts that a later version of the format adds are dropped, because they may hold anything."""
    assert traceparent_of([(HEADER, b"01" + GOOD[2:] + b"-canary phrase")]) == b"01" + GOOD[2:]


@given(st.binary(max_size=80))
def test_an_accepted_trace_is_hex_and_dashes(value: bytes) -> None:
    """A trace that is accepted has only hexadecimal digits and dashes."""
    found = traceparent_of([(HEADER, value)])
    assert found is None or re.fullmatch(rb"[0-9a-f-]{55}", found)


def test_a_missing_or_empty_header_is_no_trace() -> None:
    """Without the header, or with a header without a value, there is no trace."""
    assert traceparent_of([]) is None
    assert traceparent_of([(HEADER, None)]) is None
    assert trace_id(None) is None


def test_a_new_trace_is_unique_and_well_formed() -> None:
    """A new trace is unique and well formed, also to OpenTelemetry."""
    made = {new_traceparent() for _ in range(100)}
    assert len(made) == 100
    for value in made:
        assert traceparent_of([(HEADER, value)]) == value
        assert by_opentelemetry(value) == trace_id(value)


def test_a_record_and_its_dead_letter_carry_the_trace() -> None:
    """The trace of a record is in its headers and in those of its dead letter, unless it is malformed."""
    made = encode(Tick(partition=0), trace=GOOD)
    assert made.headers[-1] == (HEADER, GOOD)
    raw = RawRecord("t", 0, 0, 0, None, made.value, made.headers)
    why = Poison(DeadLetterReason.BAD_SCHEMA, "x")
    assert dead_letter(raw, why, stage="stream").headers.count((HEADER, GOOD)) == 1
    without = RawRecord("t", 0, 0, 0, None, made.value, [*made.headers[:-1], (HEADER, b"canary phrase")])
    assert HEADER not in dict(dead_letter(without, why, stage="stream").headers)


def test_a_record_without_a_trace_has_no_such_header() -> None:
    """A record without a trace, such as a tick, has no trace header."""
    made = encode(Tick(partition=0))
    assert HEADER not in dict(made.headers)
