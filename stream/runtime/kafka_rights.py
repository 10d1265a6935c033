"""Who may do what on the broker: one user a stage, and no more rights than the stage uses.

Everything that is not listed is refused, given the broker's authorizer
(`authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer`). Each user may see the names and
partitions of our topics (Describe), for a stage looks at them before it starts; that shows no record.
"""

from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient
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
from kafka.errors import KafkaError, SecurityDisabledError

from stream.contracts.errors import Misconfigured
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS
from stream.runtime.kafka_clients import options, refusal
from stream.runtime.settings import Kafka

OURS: Final = "counterpoint"
"""What the names of our topics, groups and users begin with."""
_REACH_MS: Final = 10_000


@dataclass(frozen=True, order=True)
class Right:
    """One line: a user may do one thing with one resource."""

    user: str
    operation: str
    """As `kafka-acls` spells it: Read, Write, Create, Describe, DescribeConfigs."""
    kind: str
    """topic or group."""
    name: str
    prefix: bool = False
    """Whether `name` is what the names of the resources begin with."""


def _stage(name: str, *, reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> tuple[Right, ...]:
    user = f"{OURS}-{name}"
    return (
        Right(user, "Describe", "topic", OURS, prefix=True),
        *(Right(user, "Read", "topic", topic) for topic in reads),
        *(Right(user, "Write", "topic", topic) for topic in writes),
        *((Right(user, "Read", "group", user),) if reads else ()),
    )


RIGHTS: Final = (
    *_stage("gateway", writes=(MESSAGES,)),
    # It writes the ticks that close sessions onto the topic it reads.
    *_stage(
        "stream",
        reads=(MESSAGES, OPEN_SESSIONS_CHANGELOG),
        writes=(MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, DEAD_LETTERS),
    ),
    *_stage("feedback", reads=(SESSIONS,), writes=(FEEDBACK, DEAD_LETTERS)),
    *_stage("sink", reads=(FEEDBACK,), writes=(DEAD_LETTERS,)),
    # `counterpoint status`, `dead-letters` and what forgets: letters go back to where they came from, erasures down.
    Right(f"{OURS}-operator", "Describe", "topic", OURS, prefix=True),
    Right(f"{OURS}-operator", "DescribeConfigs", "topic", OURS, prefix=True),  # `erase` tells how long copies stay
    Right(f"{OURS}-operator", "Read", "topic", DEAD_LETTERS),
    *(Right(f"{OURS}-operator", "Write", "topic", topic) for topic in (MESSAGES, SESSIONS, FEEDBACK, DEAD_LETTERS)),
    Right(f"{OURS}-operator", "Describe", "group", OURS, prefix=True),
    # `counterpoint topics` and `check`.
    *(
        Right(f"{OURS}-setup", operation, "topic", OURS, prefix=True)
        for operation in ("Create", "Describe", "DescribeConfigs")
    ),
)
USERS: Final = tuple(dict.fromkeys(right.user for right in RIGHTS))


def commands(bootstrap_servers: str) -> list[str]:
    """Return the `kafka-acls` commands that give these rights, one for each."""
    return [
        f"kafka-acls --bootstrap-server {bootstrap_servers} --command-config admin.properties --add"
        f" --allow-principal User:{right.user} --operation {right.operation} --{right.kind} {right.name}"
        + (" --resource-pattern-type prefixed" if right.prefix else "")
        for right in RIGHTS
    ]


def apply(kafka: Kafka) -> int:
    """Give the rights, as the user of the settings, who must be allowed to (Alter on the cluster); return how many.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it refuses this user, or has no authorizer.
    """
    try:
        admin = KafkaAdminClient(**options(kafka), bootstrap_timeout_ms=_REACH_MS)
    except KafkaError as error:
        raise refusal(error, kafka) from None
    try:
        there, _ = admin.describe_acls(_any_of_ours())
        wanted = [acl for acl in map(_acl, RIGHTS) if acl not in there]
        failed = admin.create_acls(wanted)["failed"] if wanted else []
    except SecurityDisabledError:
        raise Misconfigured(
            "The broker has no authorizer: everybody may do everything. Set authorizer.class.name, see docs/tls.md."
        ) from None
    except KafkaError as error:
        raise refusal(error, kafka) from None
    finally:
        admin.close()
    if failed:
        raise Misconfigured(f"The broker refused {len(failed)} of {len(wanted)} rights ({failed[0].__name__}).")
    return len(wanted)


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


def _any_of_ours() -> ACLFilter:
    return ACLFilter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
