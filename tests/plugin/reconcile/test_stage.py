"""Tests of `counterpoint reconcile` on a real broker: it reads the topic, publishes what is missing, and ends."""

import base64
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from plugin.adapters.base import read_events
from plugin.adapters.chatwoot import Chatwoot
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.local.kafka import KafkaBroker
from plugin.reconcile import stage
from plugin.reconcile.reconciler import Reconciler
from plugin.reconcile.stage import look_until, reconciled_tenants, run
from plugin.reconcile.topic import MessagesTopic
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.messages import MESSAGES_RECORDS, Message, SessionEnd, Tick
from stream.contracts.topics import MESSAGES
from stream.runtime import command_clients
from stream.runtime.codec import EncodedRecord, decode, encode, known_types
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.kafka_clients import COMMAND_TIMEOUTS, send_and_wait
from stream.runtime.settings import KafkaSettings, Settings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.topics import read_topic
from tests.plugin.reconcile.chatwoot_server import ChatwootServer, tenant
from tests.plugin.reconcile.test_reconciler import ordinary_talk

KEY = b"k" * 32
PARTITIONS = 2


@pytest.fixture
def kafka(fresh_kafka: Callable[[], KafkaBroker]) -> KafkaSettings:
    """Return the settings of a broker with our topics."""
    reached = KafkaSettings(bootstrap_servers=fresh_kafka().bootstrap_servers, partitions=PARTITIONS)
    create_missing_topics(reached)
    return reached


def settings_with(kafka: KafkaSettings) -> Settings:
    """Return the settings of a tenant whose platform may be asked."""
    keyed = {"pseudonym_key": base64.b64encode(KEY).decode()}
    return Settings.model_validate({"kafka": kafka, "tenants": {"riverside": tenant(**keyed), "other": {}}})


def test_what_deliveries_lost_is_on_the_topic_after_a_look(kafka: KafkaSettings) -> None:
    """Of a talk that came in part the rest is on the topic once, among ticks and records that nobody can read."""
    server = ChatwootServer(datetime.now(UTC) - timedelta(minutes=30))
    talk, adapter = ordinary_talk(server), Chatwoot(tenant())
    came = [
        event
        for raw in talk.events[:4]
        for event in read_events(adapter, adapter.parse(raw), "riverside", Pseudonyms(KEY))
    ]
    with command_clients.producer(kafka) as producer:
        for record in [encode(Tick(partition=0)), EncodedRecord(b"x", b"{", []), *map(encode, came)]:
            send_and_wait(producer, MESSAGES, record, 0, timeouts=COMMAND_TIMEOUTS)
    settings = settings_with(kafka)
    with reconciled_tenants(settings, transport=server.transport(), sleep=lambda _seconds: None) as tenants:
        assert [one.name for one in tenants] == ["riverside"]
        for _ in range(2):
            assert Reconciler(tenants, MessagesTopic(kafka), lambda: datetime.now(UTC)).look() == {}
    known = known_types(*MESSAGES_RECORDS)
    records = read_topic(kafka.bootstrap_servers, MESSAGES, PARTITIONS)
    found = [decode(raw, known).data for raw in records if raw.value != b"{"]
    assert sorted(int(one.message_id) for one in found if isinstance(one, Message)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sum(isinstance(one, SessionEnd) for one in found) == 1


def test_without_a_platform_to_ask_it_does_not_start() -> None:
    """A command that could ask nobody is refused with the settings that it needs."""
    with pytest.raises(Misconfigured, match=r"tenants\.NAME\.chatwoot\.api_url"):
        run(Settings.model_validate({"tenants": {"riverside": {}}}), once=True)


def test_it_says_what_is_wrong_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker or a platform that is away is a trouble of its readiness part, until the next look finds it."""
    monkeypatch.setattr(stage, "EVERY_S", 0)
    health, stop = Health(ReadinessPart.KAFKA, ReadinessPart.PLATFORM), threading.Event()
    said: list[set[ReadinessPart]] = []

    def look() -> dict[str, str]:
        said.append(set(health.troubles()))
        if len(said) == 1:
            raise Unavailable("the broker")
        if len(said) == 2:
            return {"riverside": "the API of riverside is unavailable"}
        if len(said) == 4:
            stop.set()
        return {}

    look_until(stop, health, look)
    both = {ReadinessPart.KAFKA, ReadinessPart.PLATFORM}
    assert said == [both, both, {ReadinessPart.PLATFORM}, set()]
