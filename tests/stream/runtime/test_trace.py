"""W3C Trace Context: carried on when it is well formed, dropped when it is not; there is no room in it for words."""

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
from stream.runtime.trace import HEADER, begin, carried, trace_id

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
    """The trace id that the reference implementation reads."""
    carrier = {HEADER: value.decode("latin-1")}
    found = get_current_span(TraceContextTextMapPropagator().extract(carrier)).get_span_context()
    return f"{found.trace_id:032x}" if found.is_valid else None


def test_a_good_one_is_carried_on_as_it_came() -> None:
    """Kafka's header, HTTP's in any case, or the CloudEvents extension."""
    for name in ("traceparent", "Traceparent", "ce_traceparent"):
        assert carried([("ce_id", b"x"), (name, GOOD)]) == GOOD
    assert trace_id(GOOD) == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_one_goes_no_further(bad: bytes) -> None:
    """What is not a trace might be words."""
    assert carried([(HEADER, bad)]) is None


@pytest.mark.parametrize("value", [*BAD[3:9], GOOD, b"01" + GOOD[2:], b"01" + GOOD[2:] + b"-later"])
def test_we_read_it_as_opentelemetry_does(value: bytes) -> None:
    """Its propagator is the oracle."""
    assert trace_id(carried([(HEADER, value)])) == by_opentelemetry(value)


def test_what_a_later_version_adds_is_left_behind() -> None:
    """It could be anything."""
    assert carried([(HEADER, b"01" + GOOD[2:] + b"-canary phrase")]) == b"01" + GOOD[2:]


@given(st.binary(max_size=80))
def test_whatever_is_carried_is_hex_and_dashes(value: bytes) -> None:
    """Never a word."""
    found = carried([(HEADER, value)])
    assert found is None or re.fullmatch(rb"[0-9a-f-]{55}", found)


def test_a_missing_or_empty_header_is_no_trace() -> None:
    """Kafka allows a header without a value."""
    assert carried([]) is None
    assert carried([(HEADER, None)]) is None
    assert trace_id(None) is None


def test_a_new_trace_is_well_formed_and_nobodys_before() -> None:
    """As the reference implementation reads it, too."""
    made = {begin() for _ in range(100)}
    assert len(made) == 100
    for value in made:
        assert carried([(HEADER, value)]) == value
        assert by_opentelemetry(value) == trace_id(value)


def test_a_record_carries_it_and_so_does_its_dead_letter() -> None:
    """From the gateway to the row, and to the place for what could not be used."""
    made = encode(Tick(partition=0), event_type=Tick.event_type, event_id="t", key=None, trace=GOOD)
    assert made.headers[-1] == (HEADER, GOOD)
    raw = RawRecord("t", 0, 0, 0, None, made.value, made.headers)
    why = Poison(DeadLetterReason.BAD_SCHEMA, "x")
    assert dead_letter(raw, why, stage="stream").headers.count((HEADER, GOOD)) == 1
    without = RawRecord("t", 0, 0, 0, None, made.value, [*made.headers[:-1], (HEADER, b"canary phrase")])
    assert HEADER not in dict(dead_letter(without, why, stage="stream").headers)


def test_a_record_without_a_trace_has_no_such_header() -> None:
    """Ticks, for instance."""
    made = encode(Tick(partition=0), event_type=Tick.event_type, event_id="t", key=None)
    assert HEADER not in dict(made.headers)
