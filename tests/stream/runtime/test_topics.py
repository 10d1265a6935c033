"""Creating the topics on a real broker, and saying how those that stand there differ."""

from collections.abc import Callable

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from plugin.local.kafka import Kafka
from plugin.local.loopback import free_ports
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.topics import MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, TOPICS
from stream.runtime import settings
from stream.runtime.topics import compare, create_missing, require
from tests.fixtures.kafka_cluster import KafkaCluster
from tests.fixtures.waiting import eventually

PARTITIONS = 3
NAMES = [spec.name for spec in TOPICS]


@pytest.fixture(scope="module")
def broker(fresh_kafka: Callable[[], Kafka]) -> settings.Kafka:
    """A broker that has none of our topics yet; the tests of this file follow each other on it."""
    return settings.Kafka(bootstrap_servers=fresh_kafka().bootstrap_servers, partitions=PARTITIONS)


@pytest.fixture
def bare(broker: settings.Kafka) -> settings.Kafka:
    """A broker without any of our topics."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    there = set(NAMES) & set(admin.list_topics())
    if there:
        admin.delete_topics(list(there))
    assert eventually(lambda: not set(NAMES) & set(admin.list_topics()), within_s=10)
    admin.close()
    return broker


@pytest.fixture
def topics(bare: settings.Kafka) -> settings.Kafka:
    """A broker with all topics, as they should be."""
    create_missing(bare)
    return bare


def test_all_topics_are_created_with_their_partitions_and_settings(bare: settings.Kafka) -> None:
    """Nothing is left to a broker's defaults that a promise hangs on."""
    assert create_missing(bare) == NAMES
    assert compare(bare) == []
    admin = KafkaAdminClient(bootstrap_servers=bare.bootstrap_servers)
    described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(NAMES)}
    admin.close()
    assert described == dict.fromkeys(NAMES, PARTITIONS)


def test_what_is_there_is_left_alone(topics: settings.Kafka) -> None:
    """Running it again creates nothing and changes nothing."""
    assert create_missing(topics) == []


def test_a_missing_topic_is_named_with_the_command_that_creates_it(bare: settings.Kafka) -> None:
    """One sentence a topic."""
    sentences = compare(bare)
    assert len(sentences) == len(NAMES)
    assert sentences[0] == f"Topic {MESSAGES} is missing. Run `counterpoint topics`."


def test_a_worker_does_not_start_without_its_topics(bare: settings.Kafka) -> None:
    """It would wait for ever, or find them created by somebody's default."""
    with pytest.raises(Misconfigured, match=f"{SESSIONS}.*counterpoint topics"):
        require(bare)


def test_other_partitions_are_a_matter_of_the_settings(topics: settings.Kafka) -> None:
    """Records keep their place by the number: it is the setting that has to follow."""
    more = topics.model_copy(update={"partitions": PARTITIONS + 1})
    assert len(compare(more)) == len(NAMES)
    assert f"has {PARTITIONS} partitions" in compare(more)[0]
    with pytest.raises(Misconfigured, match=f"Set kafka.partitions to {PARTITIONS}"):
        require(more)
    require(topics)


def test_a_changed_setting_is_named_with_its_value_and_how_to_mend_it(topics: settings.Kafka) -> None:
    """A changelog that is not compacted alone would lose open sessions."""
    admin = KafkaAdminClient(bootstrap_servers=topics.bootstrap_servers)
    changed = ConfigResource(ConfigResourceType.TOPIC, OPEN_SESSIONS_CHANGELOG, {"cleanup.policy": "delete"})
    admin.alter_configs([changed])
    admin.close()

    def about_cleanup() -> list[str]:
        return [sentence for sentence in compare(topics) if "cleanup.policy" in sentence]

    assert eventually(lambda: bool(about_cleanup())), "the broker tells a changed setting a moment later"
    sentences = about_cleanup()
    assert len(sentences) == 1
    assert f"{OPEN_SESSIONS_CHANGELOG} has cleanup.policy=delete, it should be compact" in sentences[0]
    assert "--add-config cleanup.policy=compact" in sentences[0]


def test_a_broker_that_refuses_is_a_matter_of_the_settings(bare: settings.Kafka) -> None:
    """One broker cannot keep three copies."""
    with pytest.raises(Misconfigured, match=r"kafka\.replication"):
        create_missing(bare.model_copy(update={"replication": 3}))


def test_with_three_copies_two_must_have_a_record(kafka_cluster: KafkaCluster) -> None:
    """Acknowledged then means: there after the loss of any one broker."""
    three = settings.Kafka(bootstrap_servers=kafka_cluster.bootstrap_servers, partitions=2, replication=3)
    create_missing(three)
    assert compare(three) == []
    admin = KafkaAdminClient(bootstrap_servers=kafka_cluster.bootstrap_servers.split(","))
    (described,) = admin.describe_topics([MESSAGES])
    assert all(len(partition["replica_nodes"]) == 3 for partition in described["partitions"])
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, MESSAGES, {"min.insync.replicas": "1"})])
    assert eventually(lambda: any("min.insync.replicas=1, it should be 2" in told for told in compare(three)))
    admin.delete_topics(NAMES)
    admin.close()


def test_a_broker_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again may help; the sentence names the address."""
    monkeypatch.setattr("stream.runtime.topics._BOOTSTRAP_MS", 200)
    (port,) = free_ports(1)
    away = settings.Kafka(bootstrap_servers=f"127.0.0.1:{port}")
    for ask in (create_missing, compare, require):
        with pytest.raises(Unavailable, match=str(port)):
            ask(away)
