"""The stage `hear` between a real broker and a real Triton, in a thread of this process."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer

from plugin.local.kafka import KafkaBroker
from plugin.local.triton import TritonServer
from stream.contracts.errors import Misconfigured
from stream.contracts.ids import session_id
from stream.contracts.risk import RiskSignal
from stream.contracts.topics import DEAD_LETTERS, MESSAGES, OPEN_SESSIONS_CHANGELOG, RISK
from stream.contracts.vocabulary import HeardBy, Role
from stream.feedback.models.reader import open_reader
from stream.risk.access import ReaderAccess
from stream.runtime.codec import RawRecord, decode, encode, known_types, partition_of
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.settings import KafkaSettings, Settings
from stream.runtime.topics import create_missing_topics
from stream.workers.asking import Asking
from stream.workers.hear_worker import HearWorker, run
from stream.workers.heard_messages import HeardMessages
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.stream.risk.scripted import CONTENT, INDIRECT
from tests.stream.sessions.scenario import rules
from tests.stream.workers.batch_harness import BatchWorker, MemoryBroker, message_in

KNOWN = known_types(RiskSignal)
ASKED, SAID = INDIRECT


@pytest.fixture
def settings(kafka: KafkaBroker) -> KafkaSettings:
    """Return the settings of the broker of this run, whose topics have the partitions that the first test gave them."""
    create_missing_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=2))
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers)
    partitions = consumer.partitions_for_topic(MESSAGES)
    consumer.close()
    return KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=len(partitions))


@contextmanager
def hearing(settings: KafkaSettings, tenant: str, triton: TritonServer) -> Iterator[Health]:
    """Run the stage in a thread, and yield its readiness."""
    health, stop = Health(ReadinessPart.BROKER, ReadinessPart.MODEL), threading.Event()
    reader = open_reader(Settings.model_validate({"feedback": {"triton_url": triton.grpc_url}}))
    messages = HeardMessages(rules(), {tenant: "sure"}, partitions=settings.partitions)

    def hear() -> None:
        with closing(ReaderAccess(reader, health)) as access:
            asking = Asking(messages, access, CONTENT, {tenant: "sure"})
            HearWorker(settings, messages, asking, health, stop).run()

    thread = threading.Thread(target=hear)
    thread.start()
    try:
        yield health
    finally:
        stop.set()
        thread.join(DEADLOCK_S)
        assert not thread.is_alive()


def signals(settings: KafkaSettings, tenant: str) -> list[RiskSignal]:
    """Return the signals of a platform on the topic."""
    found = read_topic(settings.bootstrap_servers, RISK, settings.partitions)
    ours = [decode(raw, KNOWN).data for raw in found if (raw.key or b"").startswith(f"{tenant}:".encode())]
    return [signal for signal in ours if isinstance(signal, RiskSignal)]


def test_it_hears_what_no_word_list_knows(settings: KafkaSettings, triton: TritonServer) -> None:
    """A message is heard by the reader that ships, as one of the session that the session stage keeps, and once."""
    tenant, room = f"t-{uuid4().hex[:8]}", f"c_{uuid4().hex}"
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap_servers, acks="all")
    sessions = MemoryBroker()

    def put(name: str, text: str, role: Role) -> RawRecord:
        event = encode(message_in(room, name, text, 0, role, tenant=tenant))
        assert event.key is not None
        place = partition_of(event.key, settings.partitions)
        sent = producer.send(MESSAGES, key=event.key, value=event.value, headers=event.headers, partition=place)
        stored = sent.get(DEADLOCK_S)
        return RawRecord(MESSAGES, place, stored.offset, stored.timestamp, event.key, event.value, tuple(event.headers))

    first = put("m1", ASKED, Role.COUNSELLOR)
    worker = BatchWorker(sessions)
    worker.batches._partitions = settings.partitions
    worker.process([first])
    for key, value in sessions.changelog.items():
        producer.send(OPEN_SESSIONS_CHANGELOG, key=key, value=value, partition=first.partition).get(DEADLOCK_S)
    with hearing(settings, tenant, triton) as health:
        wait_until(lambda: not health.troubles(), "the stage is ready")
        put("m2", SAID, Role.CLIENT)
        wait_until(lambda: signals(settings, tenant), "the signal is on its topic")
    (signal,) = signals(settings, tenant)
    assert (signal.message_id, signal.heard_by) == ("m2", (HeardBy.READER,))
    assert signal.session_id == session_id(tenant, room, "m1")
    with hearing(settings, tenant, triton):
        put("m3", SAID, Role.CLIENT)
        wait_until(lambda: len(signals(settings, tenant)) > 1, "the next one is, too")
    assert [each.message_id for each in signals(settings, tenant)] == ["m2", "m3"]
    letters = read_topic(settings.bootstrap_servers, DEAD_LETTERS, settings.partitions)
    assert not any(letter.key == first.key for letter in letters)
    producer.close()


def test_it_does_not_start_beside_other_topics(settings: KafkaSettings) -> None:
    """With another number of partitions than the topics have the stage refuses to start, instead of hearing nothing."""
    risk = {"receiver": {"url": "https://protocol.example/signals"}, "reader": "sure"}
    wrong = {"bootstrap_servers": settings.bootstrap_servers, "partitions": settings.partitions + 1}
    with pytest.raises(Misconfigured, match=f"{settings.partitions} partitions"):
        run(Settings.model_validate({"kafka": wrong, "tenants": {"riverside": {"risk": risk}}}))
