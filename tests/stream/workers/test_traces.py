"""A session's record continues the trace of the event that closed it, and a tick begins a new trace."""

from collections.abc import Sequence
from dataclasses import replace

from stream.runtime.codec import RawRecord
from stream.runtime.trace import HEADER, traceparent_of
from tests.stream.workers.batch_harness import BatchWorker, Log, MemoryBroker, end_of, message_in

OF_MESSAGE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OF_END = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def traced(record: RawRecord, trace: bytes) -> RawRecord:
    """A record with a trace."""
    return replace(record, headers=[*record.headers, (HEADER, trace)])


def traces(log: Sequence[RawRecord]) -> list[bytes | None]:
    """Return the traces of the records that a worker publishes for this log."""
    broker = MemoryBroker()
    BatchWorker(broker).process(log)
    return [traceparent_of(encoded.headers) for _, encoded in broker.published]


def test_an_explicit_end_gives_its_trace() -> None:
    """An explicit end gives the session its own trace and not that of a message."""
    log = Log()
    first = traced(log.put(message_in("room-1", "a", "no", 0), 0), OF_MESSAGE)
    last = traced(log.put(end_of("room-1", 1), 1), OF_END)
    assert traces([first, last]) == [OF_END]


def test_a_tick_has_none_so_one_begins_for_each_session() -> None:
    """A tick has no trace, so a new one begins for each session that it closes."""
    log = Log()
    for room in ("room-1", "room-2"):
        log.put(message_in(room, "a", "no", 0), 0)
    log.tick(1_800)
    found = traces(log.records)
    assert None not in found
    assert len(set(found)) == len(found) == 2


def test_a_message_that_reopens_gives_its_trace_to_what_it_brings_about() -> None:
    """The record that hides the feedback meanwhile."""
    log = Log()
    log.put(message_in("room-1", "a", "no", 0), 0)
    log.tick(1_800)
    again = traced(log.put(message_in("room-1", "b", "no", 1_801), 1_801), OF_MESSAGE)
    assert traces([*log.records[:-1], again])[-1] == OF_MESSAGE
