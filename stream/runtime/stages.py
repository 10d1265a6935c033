"""The stages, each with its name, the topics it reads, its names on the broker, and its address."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from stream.contracts import topics
from stream.runtime.settings import Settings, StageName

KAFKA_NAME_PREFIX: Final = "counterpoint"
"""The prefix of the names of our topics, consumer groups and users."""


@dataclass(frozen=True)
class Stage:
    """A stage: one process of Counterpoint."""

    name: StageName
    """The name as in the command `counterpoint NAME`, in metrics, logs and dead letters."""
    topics: tuple[str, ...]
    """The topics that the stage reads in its consumer groups; the gateway and the page read none."""
    address: Callable[[Settings], tuple[str, int]] = field(repr=False)
    """A function that returns, from the settings, the host and port of /healthz, /readyz and /metrics."""
    is_used: Callable[[Settings], bool] = field(default=lambda _settings: True, repr=False)
    """A function that returns, from the settings, whether the stage has anything to do."""
    readers: Callable[[Settings], Collection[str]] | None = field(default=None, repr=False)
    """A function that returns, from the settings, for whom there is a group each; None where all have one."""

    @property
    def kafka_id(self) -> str:
        """The name of the stage on the broker: its user, client id, consumer group and Faust app."""
        return f"{KAFKA_NAME_PREFIX}-{self.name}"

    def group_for(self, reader: str) -> str:
        """Return the name of the consumer group of one of the stage's readers."""
        return f"{self.kafka_id}-{reader}"

    def groups(self, settings: Settings) -> tuple[str, ...]:
        """Return the consumer groups in which the stage reads its topics with these settings."""
        if not self.topics:
            return ()
        if self.readers is None:
            return (self.kafka_id,)
        return tuple(map(self.group_for, sorted(self.readers(settings))))


GATEWAY: Final = Stage("gateway", (), lambda settings: (settings.health.host, settings.health.gateway_port))
STREAM: Final = Stage(
    "stream", (topics.MESSAGES,), lambda settings: (settings.health.host, settings.health.stream_port)
)
FEEDBACK: Final = Stage(
    "feedback", (topics.SESSIONS,), lambda settings: (settings.health.host, settings.health.feedback_port)
)
MEASURES: Final = Stage(
    "measures",
    (topics.TRANSCRIPTS,),
    lambda settings: (settings.health.host, settings.health.measures_port),
    is_used=lambda settings: settings.measures.enabled,
)
SINK: Final = Stage(
    "sink",
    (topics.FEEDBACK, topics.RISK, topics.OUTCOMES, topics.MEASURES),
    lambda settings: (settings.health.host, settings.health.sink_port),
)
WEB: Final = Stage("web", (), lambda settings: (settings.health.host, settings.health.web_port))
HEAR: Final = Stage(
    "hear",
    (topics.MESSAGES,),
    lambda settings: (settings.health.host, settings.health.hear_port),
    is_used=lambda settings: bool(settings.heard_tenants),
)
DELIVER: Final = Stage(
    "deliver",
    (topics.RISK,),
    lambda settings: (settings.health.host, settings.health.deliver_port),
    is_used=lambda settings: settings.delivery.has_receivers or bool(settings.risk_tenants),
    readers=lambda settings: settings.risk_tenants,
)
STAGES: Final = (GATEWAY, STREAM, FEEDBACK, MEASURES, SINK, WEB, HEAR, DELIVER)
"""All stages, in the order in which an event passes them; digests and risk signals come last."""


def used_stages(settings: Settings) -> tuple[Stage, ...]:
    """Return the stages that have anything to do with these settings."""
    return tuple(stage for stage in STAGES if stage.is_used(settings))
