"""Creating the topics on the broker, and saying how those that stand there differ from what they should be."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import TOPICS, TopicSpec
from stream.runtime.kafka_clients import options, refusal
from stream.runtime.settings import Kafka

_BOOTSTRAP_MS = 10_000  # an address that nobody answers is told within ten seconds
_COPIES_TO_LOSE_ONE = 3  # with two copies and one gone, either nothing is taken or what is taken has one copy


def create_missing(kafka: Kafka) -> list[str]:
    """Create the topics that are not there, and return their names. What is there is left as it is.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it refuses, for instance because there are fewer brokers than replicas.
    """
    with _admin(kafka) as admin:
        there = set(admin.list_topics())
        missing = {
            spec.name: {
                "num_partitions": kafka.partitions,
                "replication_factor": kafka.replication,
                "configs": _wanted(spec, kafka),
            }
            for spec in TOPICS
            if spec.name not in there
        }
        if missing:
            try:
                admin.create_topics(missing, wait_for_metadata=True)
            except KafkaError as error:
                raise Misconfigured(
                    f"The broker refuses to create topics ({type(error).__name__}). Check kafka.replication and the"
                    " rights of this user on the broker."
                ) from None
        return list(missing)


def compare(kafka: Kafka) -> list[str]:
    """One sentence for each way in which the broker's topics differ from what they should be; empty when all is well.

    Raises:
        Unavailable: the broker does not answer.
    """
    with _admin(kafka) as admin:
        there = set(admin.list_topics())
        partitions = _partitions(admin, [spec.name for spec in TOPICS if spec.name in there])
        sentences: list[str] = []
        for spec in TOPICS:
            if spec.name not in there:
                sentences.append(f"Topic {spec.name} is missing. Run `counterpoint topics`.")
                continue
            if partitions[spec.name] != kafka.partitions:
                sentences.append(_other_partitions(spec.name, partitions[spec.name], kafka.partitions))
            sentences += _other_config(spec.name, _wanted(spec, kafka), _config(admin, spec.name))
        return sentences


def kept(kafka: Kafka) -> dict[str, dict[str, str]]:
    """How the broker keeps each of our topics now: its settings, by topic.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it does not let us in.
    """
    with _admin(kafka) as admin:
        there = set(admin.list_topics())
        return {spec.name: _config(admin, spec.name) for spec in TOPICS if spec.name in there}


def require(kafka: Kafka) -> None:
    """Make sure that every topic is there with the right number of partitions.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: a topic is missing or has another number of partitions; says which and how to mend it.
    """
    with _admin(kafka) as admin:
        there = set(admin.list_topics())
        names = [spec.name for spec in TOPICS]
        if missing := [name for name in names if name not in there]:
            raise Misconfigured(f"Topics are missing: {', '.join(missing)}. Run `counterpoint topics`.")
        for name, count in _partitions(admin, names).items():
            if count != kafka.partitions:
                raise Misconfigured(_other_partitions(name, count, kafka.partitions))


@contextmanager
def _admin(kafka: Kafka) -> Iterator[KafkaAdminClient]:
    try:
        admin = KafkaAdminClient(**options(kafka), bootstrap_timeout_ms=_BOOTSTRAP_MS)
    except KafkaError as error:
        raise refusal(error, kafka) from None
    try:
        yield admin
    except KafkaError as error:
        raise refusal(error, kafka) from None
    finally:
        admin.close()


def _partitions(admin: KafkaAdminClient, names: list[str]) -> dict[str, int]:
    described = admin.describe_topics(names) if names else []
    return {topic["name"]: len(topic["partitions"]) for topic in described}


def _config(admin: KafkaAdminClient, name: str) -> dict[str, str]:
    wanted = ConfigResource(ConfigResourceType.TOPIC, name, None)
    found: dict[str, dict[str, Any]] = admin.describe_configs([wanted], config_filter="all")["topic"][name]
    if not found:
        raise TopicAuthorizationFailedError(name)  # the client keeps the broker's refusal to itself
    return {key: str(entry["value"]) for key, entry in found.items()}


def _other_partitions(name: str, found: int, wanted: int) -> str:
    return (
        f"Topic {name} has {found} partitions, the settings say {wanted}. Set kafka.partitions to {found}: partitions"
        " are fixed for life, for records keep their place by them."
    )


def _wanted(spec: TopicSpec, kafka: Kafka) -> dict[str, str]:
    """The topic's settings; with three copies two must have a record before it counts, so that one broker may go."""
    if kafka.replication < _COPIES_TO_LOSE_ONE:
        return spec.config
    return {**spec.config, "min.insync.replicas": str(kafka.replication - 1)}


def _other_config(name: str, wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    return [
        f"Topic {name} has {key}={found.get(key)}, it should be {value}. Change it with"
        f" `kafka-configs --alter --topic {name} --add-config {key}={value}`."
        for key, value in wanted.items()
        if found.get(key) != value
    ]
