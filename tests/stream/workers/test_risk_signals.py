"""Risk signals leave the worker before their message counts as seen, and at least once whatever crashes."""

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY

from stream.contracts.risk import RiskSignal
from stream.runtime.codec import EncodedRecord
from stream.workers.session_batches import Part
from tests.stream.sessions.scenario import TENANT
from tests.stream.workers.batch_harness import BatchWorker, Crash, Log, MemoryBroker, end_of, message_in

TOLD = frozenset({TENANT})
WORDS = "I might kill myself"  # written by us


def ids(broker: MemoryBroker) -> list[bytes]:
    """Return the ids of the signals that the broker has."""
    return [dict(signal.headers)["ce_id"] for _, signal in broker.signals]


def test_a_signal_is_on_its_own_topic_on_the_partition_of_its_message() -> None:
    """A signal is written beside the sessions topic, under the conversation's key, in the trace of its message."""
    log, broker = Log(), MemoryBroker()
    said = log.put(message_in("room-1", "a", WORDS, 0), 0)
    said.headers.append(("traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01"))  # type: ignore[attr-defined]
    BatchWorker(broker, risk_tenants=TOLD).process(log.records)
    ((partition, signal),) = broker.signals
    headers = dict(signal.headers)
    assert (partition, signal.key) == (said.partition, said.key)
    assert headers["ce_type"] == b"counterpoint.risk.v1"
    assert headers["traceparent"].split(b"-")[1] == b"1" * 32
    assert WORDS.encode() not in signal.value
    assert str(RiskSignal.model_validate_json(signal.value).event_id).encode() == headers["ce_id"]
    assert broker.published == []


def test_signals_are_with_the_broker_before_their_messages_are_kept() -> None:
    """The signals of a batch are written together, before any of their messages counts as seen."""
    order: list[str] = []

    class Ordered(MemoryBroker):
        async def write(self, partition: int, parts: Sequence[Part]) -> None:
            order.append("kept")
            await super().write(partition, parts)

        async def raise_risk(self, partition: int, signals: Sequence[EncodedRecord]) -> None:
            order.append(f"{len(signals)} raised")
            await super().raise_risk(partition, signals)

    log, broker = Log(), Ordered()
    log.put(message_in("room-1", "a", WORDS, 0), 0)
    here = log.records[0].partition
    room = next(name for name in map("other-{}".format, range(9)) if Log().put(_said(name), 0).partition == here)
    log.put(message_in(room, "b", WORDS, 0), 0)
    BatchWorker(broker, risk_tenants=TOLD).process(log.records)
    assert order == ["2 raised", "kept"]


def _said(room: str) -> Any:
    return message_in(room, "a", "hello", 0)


@pytest.mark.parametrize("seed", range(12))
def test_a_worker_that_crashes_anywhere_raises_every_signal_with_its_one_id(seed: int) -> None:
    """Whichever effect is lost with the worker, its successor raises what is missing, always with the same id."""
    log = Log()
    for second in range(6):
        log.put(message_in("room-1", f"m{second}", WORDS if second % 2 else "hello", second), second)
    log.put(end_of("room-1", 7), 7)
    calm = MemoryBroker()
    BatchWorker(calm, risk_tenants=TOLD).process(log.records)
    broker = MemoryBroker()
    broker.chance.seed(seed)
    broker.fails_at = 1 + seed % 6
    with pytest.raises(Crash):
        BatchWorker(broker, risk_tenants=TOLD).process(log.records)
    broker.fails_at = None
    BatchWorker(broker, risk_tenants=TOLD).process(log.records)
    assert set(ids(broker)) == set(ids(calm))
    assert len(set(ids(calm))) == 3
    assert broker.records[-1] == calm.records[-1]


def test_a_signal_that_the_broker_does_not_take_holds_its_message() -> None:
    """While a signal is not on its topic, its message has no effect and its offset is not acknowledged."""

    class Refusing(MemoryBroker):
        async def raise_risk(self, partition: int, signals: Sequence[EncodedRecord]) -> None:
            self.fails_at = 0
            await super().raise_risk(partition, signals)

    log, broker = Log(), Refusing()
    log.put(message_in("room-1", "a", WORDS, 0), 0)
    worker = BatchWorker(broker, risk_tenants=TOLD)
    with pytest.raises(Crash):
        worker.process(log.records)
    assert broker.changelog == {}
    assert worker.batches.processed_offsets == {}


def test_signals_are_counted_by_concern() -> None:
    """Each signal is counted under its tenant and concern, and nothing else of it is."""
    labels = {"tenant": TENANT, "concern": "suicide"}
    before = REGISTRY.get_sample_value("counterpoint_risk_signals_total", labels) or 0
    log, broker = Log(), MemoryBroker()
    log.put(message_in("room-1", "a", WORDS, 0), 0)
    BatchWorker(broker, risk_tenants=TOLD).process(log.records)
    assert REGISTRY.get_sample_value("counterpoint_risk_signals_total", labels) == before + 1
