"""Creation of the topics on the broker, and comparison of existing topics with what they should be."""

from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import TOPICS, TopicSpec
from stream.runtime import command_clients
from stream.runtime.settings import KafkaSettings

_COPIES_TO_LOSE_ONE = 3  # with two copies and one lost, the broker refuses records or stores them only once


def create_missing_topics(kafka: KafkaSettings) -> list[str]:
    """Create the topics that do not exist and return their names; existing topics are not changed.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses, for instance because there are fewer brokers than replicas.
    """
    with command_clients.admin(kafka) as admin:
        existing = set(admin.list_topics())
        missing = {
            spec.name: {
                "num_partitions": kafka.partitions,
                "replication_factor": kafka.replication,
                "configs": _wanted_config(spec, kafka),
            }
            for spec in TOPICS
            if spec.name not in existing
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


def topic_differences(kafka: KafkaSettings) -> list[str]:
    """Return one sentence for each difference between the broker's topics and what they should be.

    Raises:
        Unavailable: the broker does not answer.
    """
    with command_clients.admin(kafka) as admin:
        existing = set(admin.list_topics())
        partitions = _partitions(admin, [spec.name for spec in TOPICS if spec.name in existing])
        sentences: list[str] = []
        for spec in TOPICS:
            if spec.name not in existing:
                sentences.append(f"Topic {spec.name} is missing. Run `counterpoint topics`.")
                continue
            if partitions[spec.name] != kafka.partitions:
                sentences.append(_partitions_sentence(spec.name, partitions[spec.name], kafka.partitions))
            sentences += _config_sentences(spec.name, _wanted_config(spec, kafka), _config(admin, spec.name))
        return sentences


def topic_configs(kafka: KafkaSettings) -> dict[str, dict[str, str]]:
    """Return the current settings of each of our topics on the broker, by topic.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses our user, certificate or TLS.
    """
    with command_clients.admin(kafka) as admin:
        existing = set(admin.list_topics())
        return {spec.name: _config(admin, spec.name) for spec in TOPICS if spec.name in existing}


def require_topics(kafka: KafkaSettings) -> None:
    """Check that every topic exists and has the right number of partitions.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: a topic is missing or has another number of partitions; says which one and how to correct it.
    """
    with command_clients.admin(kafka) as admin:
        existing = set(admin.list_topics())
        names = [spec.name for spec in TOPICS]
        if missing := [name for name in names if name not in existing]:
            raise Misconfigured(f"Topics are missing: {', '.join(missing)}. Run `counterpoint topics`.")
        for name, count in _partitions(admin, names).items():
            if count != kafka.partitions:
                raise Misconfigured(_partitions_sentence(name, count, kafka.partitions))


def _partitions(admin: KafkaAdminClient, names: list[str]) -> dict[str, int]:
    described = admin.describe_topics(names) if names else []
    return {topic["name"]: len(topic["partitions"]) for topic in described}


def _config(admin: KafkaAdminClient, name: str) -> dict[str, str]:
    wanted = ConfigResource(ConfigResourceType.TOPIC, name, None)
    found: dict[str, dict[str, Any]] = admin.describe_configs([wanted], config_filter="all")["topic"][name]
    if not found:
        raise TopicAuthorizationFailedError(name)  # kafka-python does not report that the broker refused
    return {key: str(entry["value"]) for key, entry in found.items()}


def _partitions_sentence(name: str, found: int, wanted: int) -> str:
    return (
        f"Topic {name} has {found} partitions, the settings say {wanted}. Set kafka.partitions to {found}: the"
        " number is fixed for life, because records keep their partition by it."
    )


def _wanted_config(spec: TopicSpec, kafka: KafkaSettings) -> dict[str, str]:
    """Return the settings that a topic should have.

    With three copies, two must have a record before it is acknowledged, so that one broker may fail.
    """
    if kafka.replication < _COPIES_TO_LOSE_ONE:
        return spec.config
    return {**spec.config, "min.insync.replicas": str(kafka.replication - 1)}


def _config_sentences(name: str, wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    return [
        f"Topic {name} has {key}={found.get(key)}, it should be {value}. Change it with"
        f" `kafka-configs --alter --topic {name} --add-config {key}={value}`."
        for key, value in wanted.items()
        if found.get(key) != value
    ]
