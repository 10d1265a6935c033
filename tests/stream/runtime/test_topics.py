"""Tests of creating the topics on a real broker and of comparing existing ones with what they should be.

Three copies of them need three brokers: `tests/faults/test_broker_of_three.py`, since a cluster takes long to start.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, TOPICS
from stream.runtime import kafka_clients, settings
from stream.runtime.topics import create_missing_topics, require_topics, topic_differences
from tests.fixtures.waiting import eventually

PARTITIONS = 3
NAMES = [spec.name for spec in TOPICS]


@pytest.fixture(scope="module")
def broker(fresh_kafka: Callable[[], KafkaBroker]) -> settings.KafkaSettings:
    """Return the settings of a broker that the tests of this file use one after the other."""
    return settings.KafkaSettings(bootstrap_servers=fresh_kafka().bootstrap_servers, partitions=PARTITIONS)


@pytest.fixture
def bare(broker: settings.KafkaSettings) -> settings.KafkaSettings:
    """Return the settings of a broker without any of our topics."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    there = set(NAMES) & set(admin.list_topics())
    if there:
        admin.delete_topics(list(there))
    assert eventually(lambda: not set(NAMES) & set(admin.list_topics()))
    admin.close()
    return broker


@pytest.fixture
def topics(bare: settings.KafkaSettings) -> settings.KafkaSettings:
    """Return the settings of a broker with all topics as they should be."""
    create_missing_topics(bare)
    return bare


def test_all_topics_are_created_with_their_partitions_and_settings(bare: settings.KafkaSettings) -> None:
    """All topics are created with the partitions and settings that our guarantees depend on."""
    assert create_missing_topics(bare) == NAMES
    assert topic_differences(bare) == []
    admin = KafkaAdminClient(bootstrap_servers=bare.bootstrap_servers)
    described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(NAMES)}
    admin.close()
    assert described == dict.fromkeys(NAMES, PARTITIONS)


def test_existing_topics_are_not_changed(topics: settings.KafkaSettings) -> None:
    """Creating the topics again creates and changes nothing."""
    assert create_missing_topics(topics) == []


def test_a_missing_topic_is_named_with_the_command_that_creates_it(bare: settings.KafkaSettings) -> None:
    """Each missing topic is reported in one sentence with the command that creates it."""
    sentences = topic_differences(bare)
    assert len(sentences) == len(NAMES)
    assert sentences[0] == f"Topic {MESSAGES} is missing. Run `counterpoint topics`."


def test_a_worker_does_not_start_without_its_topics(bare: settings.KafkaSettings) -> None:
    """A worker refuses to start while a topic is missing.

    It would wait for ever, or a broker would create the topic with its own defaults.
    """
    with pytest.raises(Misconfigured, match=f"{SESSIONS}.*counterpoint topics"):
        require_topics(bare)


def test_another_number_of_partitions_is_reported(topics: settings.KafkaSettings) -> None:
    """Another number of partitions than in the settings is reported with the number to set.

    The setting has to follow the broker, because records keep their partition by this number.
    """
    more = topics.model_copy(update={"partitions": PARTITIONS + 1})
    assert len(topic_differences(more)) == len(NAMES)
    assert f"has {PARTITIONS} partitions" in topic_differences(more)[0]
    with pytest.raises(Misconfigured, match=f"Set kafka.partitions to {PARTITIONS}"):
        require_topics(more)
    require_topics(topics)


def test_a_changed_setting_is_reported_with_the_command_that_corrects_it(topics: settings.KafkaSettings) -> None:
    """A setting that was changed on the broker is reported with its value and the command that corrects it.

    A changelog with another cleanup policy than compaction would lose open sessions.
    """
    admin = KafkaAdminClient(bootstrap_servers=topics.bootstrap_servers)
    changed = ConfigResource(ConfigResourceType.TOPIC, OPEN_SESSIONS_CHANGELOG, {"cleanup.policy": "delete"})
    admin.alter_configs([changed])
    admin.close()

    def about_cleanup() -> list[str]:
        return [sentence for sentence in topic_differences(topics) if "cleanup.policy" in sentence]

    assert eventually(lambda: bool(about_cleanup())), "the broker reports a changed setting a moment later"
    sentences = about_cleanup()
    assert len(sentences) == 1
    assert f"{OPEN_SESSIONS_CHANGELOG} has cleanup.policy=delete, it should be compact" in sentences[0]
    assert "--add-config cleanup.policy=compact" in sentences[0]


def test_a_broker_that_refuses_to_create_topics_is_a_wrong_setting(bare: settings.KafkaSettings) -> None:
    """A broker that refuses to create topics, here a single one for three copies, is reported as a wrong setting."""
    with pytest.raises(Misconfigured, match=r"kafka\.replication"):
        create_missing_topics(bare.model_copy(update={"replication": 3}))


def test_a_broker_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that does not answer raises `Unavailable` with its address."""
    monkeypatch.setattr(kafka_clients, "COMMAND_TIMEOUTS", replace(kafka_clients.COMMAND_TIMEOUTS, connect_ms=200))
    (port,) = free_ports(1)
    away = settings.KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")
    for ask in (create_missing_topics, topic_differences, require_topics):
        with pytest.raises(Unavailable, match=str(port)):
            ask(away)
