"""The stages, each with its name, the topic it reads, its name on the broker, and its address."""

from collections.abc import Callable
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
    topic: str | None
    """The topic that the stage reads; None for a stage that reads no topic."""
    address: Callable[[Settings], tuple[str, int]] = field(repr=False)
    """A function that returns, from the settings, the host and port of /healthz, /readyz and /metrics."""
    is_used: Callable[[Settings], bool] = field(default=lambda _settings: True, repr=False)
    """A function that returns, from the settings, whether the stage has anything to do."""

    @property
    def kafka_id(self) -> str:
        """The name of the stage on the broker: its user, client id, consumer group and Faust app."""
        return f"{KAFKA_NAME_PREFIX}-{self.name}"


GATEWAY: Final = Stage("gateway", None, lambda settings: (settings.health.host, settings.health.gateway_port))
STREAM: Final = Stage("stream", topics.MESSAGES, lambda settings: (settings.health.host, settings.health.stream_port))
FEEDBACK: Final = Stage(
    "feedback", topics.SESSIONS, lambda settings: (settings.health.host, settings.health.feedback_port)
)
MEASURES: Final = Stage(
    "measures",
    topics.TRANSCRIPTS,
    lambda settings: (settings.health.host, settings.health.measures_port),
    is_used=lambda settings: settings.measures.enabled,
)
SINK: Final = Stage("sink", topics.FEEDBACK, lambda settings: (settings.health.host, settings.health.sink_port))
WEB: Final = Stage("web", None, lambda settings: (settings.health.host, settings.health.web_port))
HEAR: Final = Stage(
    "hear",
    topics.MESSAGES,
    lambda settings: (settings.health.host, settings.health.hear_port),
    is_used=lambda settings: bool(settings.heard_tenants),
)
DELIVER: Final = Stage(
    "deliver",
    None,
    lambda settings: (settings.health.host, settings.health.deliver_port),
    is_used=lambda settings: settings.delivery.has_receivers or bool(settings.risk_tenants),
)
STAGES: Final = (GATEWAY, STREAM, FEEDBACK, MEASURES, SINK, WEB, HEAR, DELIVER)
"""All stages, in the order in which an event passes them; digests and risk signals come last."""


def used_stages(settings: Settings) -> tuple[Stage, ...]:
    """Return the stages that have anything to do with these settings."""
    return tuple(stage for stage in STAGES if stage.is_used(settings))
