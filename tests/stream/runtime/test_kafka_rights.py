"""Tests of the rights: each user is tried on every topic and group of a broker with ACLs."""

from collections.abc import Callable

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import AuthorizationError, KafkaTimeoutError

from plugin.local.kafka import KafkaBroker
from plugin.local.kafka_security import ADMIN
from stream.contracts.errors import Misconfigured
from stream.contracts.topics import (
    DEAD_LETTERS,
    FEEDBACK,
    MEASURES,
    MESSAGES,
    OPEN_SESSIONS_CHANGELOG,
    OUTCOMES,
    RISK,
    SESSIONS,
    TOPICS,
    TRANSCRIPTS,
)
from stream.runtime import kafka_rights, settings
from stream.runtime.kafka_connection import connection_options
from stream.runtime.topics import create_missing_topics, require_topics, topic_differences
from tests.fixtures.secured_kafka import SecuredKafka, create_rights_and_topics
from tests.fixtures.waiting import DEADLOCK_S

READS = {
    "gateway": set[str](),
    "stream": {MESSAGES, OPEN_SESSIONS_CHANGELOG},
    "feedback": {SESSIONS},
    "measures": {TRANSCRIPTS},
    "sink": {FEEDBACK, RISK, OUTCOMES, MEASURES},
    "hear": {MESSAGES, OPEN_SESSIONS_CHANGELOG},
    "deliver": {RISK},
    "operator": {DEAD_LETTERS},
    "setup": set[str](),
    "somebody-else": set[str](),
}
WRITES = {
    "gateway": {MESSAGES, OUTCOMES},
    "stream": {MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, TRANSCRIPTS, RISK, DEAD_LETTERS},
    "feedback": {FEEDBACK, DEAD_LETTERS},
    "measures": {MEASURES, DEAD_LETTERS},
    "sink": {DEAD_LETTERS},
    "hear": {RISK},
    "deliver": {DEAD_LETTERS},
    "operator": {MESSAGES, SESSIONS, FEEDBACK, RISK, OUTCOMES, TRANSCRIPTS, MEASURES, DEAD_LETTERS},
    "setup": set[str](),
    "somebody-else": set[str](),
}
NAMES = [spec.name for spec in TOPICS]


@pytest.fixture(scope="module")
def secured_kafka(start_secured_kafka: Callable[..., SecuredKafka]) -> SecuredKafka:
    """Return a broker with rights and with one record on every topic, written by the administrator.

    These records hold no valid event, so the broker serves this file alone.
    """
    broker = create_rights_and_topics(start_secured_kafka())
    assert _written(broker.as_user(ADMIN)) == set(NAMES)
    return broker


@pytest.mark.parametrize("user", sorted(READS))
def test_a_user_reads_and_writes_its_own_topics_alone(secured_kafka: SecuredKafka, user: str) -> None:
    """A user can read and write only the topics of its stage.

    The gateway, which is open to the internet, cannot read a single message.
    """
    given = secured_kafka.as_user(user)
    assert {name for name in NAMES if _can_read(given, name)} == READS[user]
    assert _written(given) == WRITES[user]


@pytest.mark.parametrize("stage", ["stream", "feedback", "measures", "sink", "hear"])
def test_a_stage_joins_its_own_group_alone(secured_kafka: SecuredKafka, stage: str) -> None:
    """A stage can join only its own consumer group, so that it cannot take the records of another stage."""
    for group in ("stream", "feedback", "measures", "sink", "hear"):
        assert _may_join(secured_kafka.as_user(stage), f"counterpoint-{group}") == (group == stage)


def test_the_deliver_stage_joins_a_group_for_each_platform(secured_kafka: SecuredKafka) -> None:
    """The deliver stage joins the groups of its receivers, whatever platforms there are, and no other stage's."""
    deliver = secured_kafka.as_user("deliver")
    assert _may_join(deliver, "counterpoint-deliver-riverside")
    assert not _may_join(deliver, "counterpoint-sink")
    assert not _may_join(secured_kafka.as_user("sink"), "counterpoint-deliver-riverside")


@pytest.mark.parametrize("user", ["gateway", "stream", "feedback", "sink"])
def test_a_stage_sees_that_all_topics_are_there(secured_kafka: SecuredKafka, user: str) -> None:
    """A stage sees names and partitions of all topics, which it checks before it starts."""
    require_topics(secured_kafka.as_user(user))


def test_only_the_setup_user_creates_topics_and_reads_their_settings(secured_kafka: SecuredKafka) -> None:
    """Only the setup user, as which `counterpoint topics` and `check` run, creates topics and reads their settings."""
    setup = secured_kafka.as_user("setup")
    assert create_missing_topics(setup) == []
    assert topic_differences(setup) == []
    with pytest.raises(Misconfigured, match="does not let the user 'counterpoint-sink'"):
        topic_differences(secured_kafka.as_user("sink"))


def test_a_user_of_another_application_sees_no_topic(secured_kafka: SecuredKafka) -> None:
    """A user of another application on the same broker sees none of our topics."""
    with pytest.raises(Misconfigured, match="Topics are missing"):
        require_topics(secured_kafka.as_user("somebody-else"))


def test_only_an_administrator_grants_rights(secured_kafka: SecuredKafka) -> None:
    """Only an administrator grants rights, and granting them again changes nothing."""
    assert kafka_rights.grant_missing_rights(secured_kafka.as_user(ADMIN)) == 0
    with pytest.raises(Misconfigured, match="does not let the user 'counterpoint-gateway'"):
        kafka_rights.grant_missing_rights(secured_kafka.as_user("gateway"))


def test_a_broker_without_an_authorizer_is_reported(kafka: KafkaBroker) -> None:
    """A broker without an authorizer is reported, because it does not enforce any rights."""
    with pytest.raises(Misconfigured, match="everybody may do everything"):
        kafka_rights.grant_missing_rights(settings.KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))


def test_the_commands_grant_every_right_once() -> None:
    """The `kafka-acls` commands grant every right once, for an operator whose brokers somebody else sets up."""
    lines = kafka_rights.acl_commands("broker:9093")
    assert len(set(lines)) == len(lines) == len(kafka_rights.RIGHTS)
    assert (
        "kafka-acls --bootstrap-server broker:9093 --command-config admin.properties --add --allow-principal"
        f" User:counterpoint-gateway --operation Write --topic {MESSAGES}"
    ) in lines
    assert any(line.endswith("--topic counterpoint --resource-pattern-type prefixed") for line in lines)


def _can_read(given: settings.KafkaSettings, topic: str) -> bool:
    consumer = KafkaConsumer(**connection_options(given), auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        if not consumer.partitions_for_topic(topic):
            return False  # the user does not even see the name of the topic
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 0)
        return bool(consumer.poll(timeout_ms=10_000))
    except AuthorizationError:
        return False
    finally:
        consumer.close()


def _written(given: settings.KafkaSettings) -> set[str]:
    """Return the topics to which the user can write."""
    written = set()
    # Not idempotent: the broker refuses a producer id with another error to a user that may write to no topic.
    producer = KafkaProducer(**connection_options(given), enable_idempotence=False, max_block_ms=2_000)
    for topic in NAMES:
        try:
            producer.send(topic, value=b"{}", key=b"tried", partition=0).get(timeout=DEADLOCK_S)
            written.add(topic)
        except (AuthorizationError, KafkaTimeoutError):  # a time-out where the user does not see the topic
            pass
    producer.close(timeout=1)
    return written


def _may_join(given: settings.KafkaSettings, group: str) -> bool:
    consumer = KafkaConsumer(**connection_options(given), group_id=group, enable_auto_commit=False)
    try:
        consumer.committed(TopicPartition(MESSAGES, 0))
        consumer.subscribe([SESSIONS])
        consumer.poll(timeout_ms=1_000)
    except AuthorizationError as error:
        return "Group" not in type(error).__name__
    finally:
        consumer.close(autocommit=False, timeout_ms=1_000)
    return True
