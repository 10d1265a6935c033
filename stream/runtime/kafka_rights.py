"""The rights (ACLs) on the broker: one user for each stage, with no more rights than the stage uses.

The broker refuses everything that is not listed if it has an authorizer
(`authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer`). Each user may see the names and
partitions of our topics (Describe), because a stage checks them before it starts; that shows no record.
"""

from dataclasses import dataclass
from typing import Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import SecurityDisabledError

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
    TRANSCRIPTS,
)
from stream.runtime import command_clients, stages
from stream.runtime.settings import KafkaSettings
from stream.runtime.stages import KAFKA_NAME_PREFIX, Stage

_OPERATOR: Final = f"{KAFKA_NAME_PREFIX}-operator"
_SETUP: Final = f"{KAFKA_NAME_PREFIX}-setup"
_RECONCILE: Final = f"{KAFKA_NAME_PREFIX}-reconcile"


@dataclass(frozen=True, order=True)
class Right:
    """A right: one user may do one operation on one resource."""

    user: str
    operation: str
    """The operation as `kafka-acls` spells it: Read, Write, Create, Describe or DescribeConfigs."""
    kind: str
    """The kind of the resource: topic or group."""
    name: str
    prefix: bool = False
    """Whether `name` is a prefix of the resources' names."""


def _stage_rights(stage: Stage, *, also_reads: tuple[str, ...] = (), writes: tuple[str, ...]) -> tuple[Right, ...]:
    user = stage.kafka_id
    reads = (*stage.topics, *also_reads)
    has_one_group = stage.readers is None
    group = user if has_one_group else stage.group_for("")
    return (
        Right(user, "Describe", "topic", KAFKA_NAME_PREFIX, prefix=True),
        *(Right(user, "Read", "topic", topic) for topic in reads),
        *(Right(user, "Write", "topic", topic) for topic in writes),
        *((Right(user, "Read", "group", group, prefix=not has_one_group),) if reads else ()),
    )


RIGHTS: Final = (
    *_stage_rights(stages.GATEWAY, writes=(MESSAGES, OUTCOMES)),
    # The stream worker writes its ticks, which close sessions, to the topic that it reads.
    *_stage_rights(
        stages.STREAM,
        also_reads=(OPEN_SESSIONS_CHANGELOG,),
        writes=(MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, TRANSCRIPTS, RISK, DEAD_LETTERS),
    ),
    *_stage_rights(stages.FEEDBACK, writes=(FEEDBACK, DEAD_LETTERS)),
    *_stage_rights(stages.MEASURES, writes=(MEASURES, DEAD_LETTERS)),
    *_stage_rights(stages.SINK, writes=(DEAD_LETTERS,)),
    # The hear stage reads which sessions are open where the stream worker keeps them, and writes nothing there.
    *_stage_rights(stages.HEAR, also_reads=(OPEN_SESSIONS_CHANGELOG,), writes=(RISK,)),
    # The deliver stage reads risk signals, in a group for each platform.
    *_stage_rights(stages.DELIVER, writes=(DEAD_LETTERS,)),
    # `counterpoint status`, `dead-letters`, `erase` and the like: a replayed dead letter goes back to its topic, an
    # erasure is written to the topics of all stages, and `counterpoint outcomes import` writes outcomes.
    Right(_OPERATOR, "Describe", "topic", KAFKA_NAME_PREFIX, prefix=True),
    Right(_OPERATOR, "DescribeConfigs", "topic", KAFKA_NAME_PREFIX, prefix=True),  # `erase` says how long copies stay
    Right(_OPERATOR, "Read", "topic", DEAD_LETTERS),
    *(
        Right(_OPERATOR, "Write", "topic", topic)
        for topic in (MESSAGES, SESSIONS, FEEDBACK, RISK, OUTCOMES, TRANSCRIPTS, MEASURES, DEAD_LETTERS)
    ),
    Right(_OPERATOR, "Describe", "group", KAFKA_NAME_PREFIX, prefix=True),
    # `counterpoint reconcile` looks which messages came, and publishes those that did not. It is in no group.
    Right(_RECONCILE, "Describe", "topic", KAFKA_NAME_PREFIX, prefix=True),
    Right(_RECONCILE, "Read", "topic", MESSAGES),
    Right(_RECONCILE, "Write", "topic", MESSAGES),
    # `counterpoint topics` and `check`.
    *(
        Right(_SETUP, operation, "topic", KAFKA_NAME_PREFIX, prefix=True)
        for operation in ("Create", "Describe", "DescribeConfigs")
    ),
)
USERS: Final = tuple(dict.fromkeys(right.user for right in RIGHTS))


def acl_commands(bootstrap_servers: str) -> list[str]:
    """Return the `kafka-acls` commands that grant `RIGHTS`, one command for each right."""
    return [
        f"kafka-acls --bootstrap-server {bootstrap_servers} --command-config admin.properties --add"
        f" --allow-principal User:{right.user} --operation {right.operation} --{right.kind} {right.name}"
        + (" --resource-pattern-type prefixed" if right.prefix else "")
        for right in RIGHTS
    ]


def grant_missing_rights(kafka: KafkaSettings) -> int:
    """Grant the rights that are missing on the broker and return their number; our user needs Alter on the cluster.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: the broker refuses this user, or has no authorizer.
    """
    with command_clients.admin(kafka) as admin:
        try:
            existing, _ = admin.describe_acls(_every_acl())
            missing = [acl for acl in map(_acl, RIGHTS) if acl not in existing]
            failed = admin.create_acls(missing)["failed"] if missing else []
        except SecurityDisabledError:
            raise Misconfigured(
                "The broker has no authorizer: everybody may do everything. Set authorizer.class.name, see docs/tls.md."
            ) from None
    if failed:
        raise Misconfigured(f"The broker refused {len(failed)} of {len(missing)} rights ({failed[0].__name__}).")
    return len(missing)


def _acl(right: Right) -> ACL:
    operation = "".join(f"_{letter}" if letter.isupper() else letter for letter in right.operation).strip("_").upper()
    pattern = ACLResourcePatternType.PREFIXED if right.prefix else ACLResourcePatternType.LITERAL
    return ACL(
        principal=f"User:{right.user}",
        host="*",
        operation=ACLOperation[operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[right.kind.upper()], right.name, pattern),
    )


def _every_acl() -> ACLFilter:
    return ACLFilter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
