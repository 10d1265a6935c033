"""Each stage may do what it does and nothing else: tried with every user on every topic of a broker with ACLs."""

from collections.abc import Callable

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import AuthorizationError, KafkaTimeoutError

from plugin.local.kafka import Kafka
from plugin.local.kafka_security import ADMIN
from stream.contracts.errors import Misconfigured
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, TOPICS
from stream.runtime import kafka_rights, settings
from stream.runtime.kafka_clients import options
from stream.runtime.topics import compare, create_missing, require
from tests.fixtures.secured import SecuredKafka, with_rights

READS = {
    "gateway": set[str](),
    "stream": {MESSAGES, OPEN_SESSIONS_CHANGELOG},
    "feedback": {SESSIONS},
    "sink": {FEEDBACK},
    "operator": {DEAD_LETTERS},
    "setup": set[str](),
    "somebody-else": set[str](),
}
WRITES = {
    "gateway": {MESSAGES},
    "stream": {MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, DEAD_LETTERS},
    "feedback": {FEEDBACK, DEAD_LETTERS},
    "sink": {DEAD_LETTERS},
    "operator": {MESSAGES, SESSIONS, FEEDBACK, DEAD_LETTERS},
    "setup": set[str](),
    "somebody-else": set[str](),
}
NAMES = [spec.name for spec in TOPICS]


@pytest.fixture(scope="module")
def secured(secure: Callable[..., SecuredKafka]) -> SecuredKafka:
    """A broker of its own, for what is written here is no record; one on every topic, from the administrator."""
    broker = with_rights(secure())
    assert _written(broker.as_user(ADMIN)) == set(NAMES)
    return broker


@pytest.mark.parametrize("user", sorted(READS))
def test_a_user_reads_and_writes_its_own_topics_alone(secured: SecuredKafka, user: str) -> None:
    """The gateway, which faces the world, cannot read a single message."""
    given = secured.as_user(user)
    assert {name for name in NAMES if _can_read(given, name)} == READS[user]
    assert _written(given) == WRITES[user]


@pytest.mark.parametrize("stage", ["stream", "feedback", "sink"])
def test_a_stage_joins_its_own_group_alone(secured: SecuredKafka, stage: str) -> None:
    """Else it could take the records of another."""
    for group in ("stream", "feedback", "sink"):
        assert _may_join(secured.as_user(stage), f"counterpoint-{group}") == (group == stage)


@pytest.mark.parametrize("user", ["gateway", "stream", "feedback", "sink"])
def test_a_stage_sees_that_all_topics_are_there(secured: SecuredKafka, user: str) -> None:
    """It looks before it starts; names and partitions are all it sees."""
    require(secured.as_user(user))


def test_only_the_set_up_makes_topics_and_reads_their_settings(secured: SecuredKafka) -> None:
    """`counterpoint topics` and `check` run as it."""
    setup = secured.as_user("setup")
    assert create_missing(setup) == []
    assert compare(setup) == []
    with pytest.raises(Misconfigured, match="does not let the user 'counterpoint-sink'"):
        compare(secured.as_user("sink"))


def test_a_stranger_sees_no_topic(secured: SecuredKafka) -> None:
    """A user of another application on the same broker."""
    with pytest.raises(Misconfigured, match="Topics are missing"):
        require(secured.as_user("somebody-else"))


def test_only_an_administrator_gives_rights(secured: SecuredKafka) -> None:
    """And giving them again changes nothing."""
    assert kafka_rights.apply(secured.as_user(ADMIN)) == 0
    with pytest.raises(Misconfigured, match="does not let the user 'counterpoint-gateway'"):
        kafka_rights.apply(secured.as_user("gateway"))


def test_a_broker_without_an_authorizer_is_told(kafka: Kafka) -> None:
    """Rights that nobody asks for protect nothing."""
    with pytest.raises(Misconfigured, match="everybody may do everything"):
        kafka_rights.apply(settings.Kafka(bootstrap_servers=kafka.bootstrap_servers))


def test_the_commands_name_every_right_once() -> None:
    """For an operator whose brokers are set up by somebody else."""
    lines = kafka_rights.commands("broker:9093")
    assert len(set(lines)) == len(lines) == len(kafka_rights.RIGHTS)
    assert (
        "kafka-acls --bootstrap-server broker:9093 --command-config admin.properties --add --allow-principal"
        f" User:counterpoint-gateway --operation Write --topic {MESSAGES}"
    ) in lines
    assert any(line.endswith("--topic counterpoint --resource-pattern-type prefixed") for line in lines)


def _can_read(given: settings.Kafka, topic: str) -> bool:
    consumer = KafkaConsumer(**options(given), auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        if not consumer.partitions_for_topic(topic):
            return False  # not even its name
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 0)
        return bool(consumer.poll(timeout_ms=10_000))
    except AuthorizationError:
        return False
    finally:
        consumer.close()


def _written(given: settings.Kafka) -> set[str]:
    """The topics that take a record."""
    written = set()
    # Without an id of its own, which the broker refuses in other words to a producer that may write nowhere.
    producer = KafkaProducer(**options(given), enable_idempotence=False, max_block_ms=2_000)
    for topic in NAMES:
        try:
            producer.send(topic, value=b"{}", key=b"tried", partition=0).get(timeout=30)
            written.add(topic)
        except (AuthorizationError, KafkaTimeoutError):  # no time-out where it may see the topic
            pass
    producer.close(timeout=1)
    return written


def _may_join(given: settings.Kafka, group: str) -> bool:
    consumer = KafkaConsumer(**options(given), group_id=group, enable_auto_commit=False)
    try:
        consumer.committed(TopicPartition(MESSAGES, 0))
        consumer.subscribe([SESSIONS])
        consumer.poll(timeout_ms=1_000)
    except AuthorizationError as error:
        return "Group" not in type(error).__name__
    finally:
        consumer.close(autocommit=False, timeout_ms=1_000)
    return True
