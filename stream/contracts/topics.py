"""The names of the topics and their settings on the broker.

Only `counterpoint topics` creates them.
"""

from dataclasses import dataclass, field

MESSAGES = "counterpoint.messages.v1"
SESSIONS = "counterpoint.sessions.v1"
FEEDBACK = "counterpoint.feedback.v1"
RISK = "counterpoint.risk.v1"
OUTCOMES = "counterpoint.outcomes.v1"
TRANSCRIPTS = "counterpoint.transcripts.v1"
MEASURES = "counterpoint.measures.v1"
DEAD_LETTERS = "counterpoint.dead-letters.v1"
OPEN_SESSIONS_CHANGELOG = "counterpoint-stream-open-sessions-changelog"
"""The changelog of the open sessions, with the name that Faust gives it: `{app id}-{table name}-changelog`."""

DEFAULT_PARTITIONS = 12  # divides evenly among 1, 2, 3, 4 and 6 workers; never changes, since keys map to it
MAX_RECORD_BYTES = 900_000  # under the 1 MB that brokers and clients accept by default, with room for headers

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


@dataclass(frozen=True)
class TopicSpec:
    """A topic as it must be on the broker; `config` holds broker settings by the broker's names."""

    name: str
    config: dict[str, str] = field(default_factory=dict)


def _kept_for(days: int, **extra: str) -> dict[str, str]:
    # Segments roll every hour, so that a record is removed at most an hour after its retention.
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(days * _DAY_MS),
        "segment.ms": str(_HOUR_MS),
        **extra,
    }


_BROKER_TIME = {"message.timestamp.type": "LogAppendTime"}
"""Of topics whose records come from platforms: rules about rights and retention use the broker's time, never theirs."""

TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(MESSAGES, _kept_for(3, **_BROKER_TIME)),
    TopicSpec(SESSIONS, _kept_for(7)),
    TopicSpec(FEEDBACK, _kept_for(7)),
    TopicSpec(RISK, _kept_for(7)),
    TopicSpec(OUTCOMES, _kept_for(7, **_BROKER_TIME)),
    TopicSpec(TRANSCRIPTS, _kept_for(3)),
    TopicSpec(MEASURES, _kept_for(7)),
    TopicSpec(DEAD_LETTERS, _kept_for(14)),
    TopicSpec(
        OPEN_SESSIONS_CHANGELOG,
        {"cleanup.policy": "compact", "segment.ms": str(_HOUR_MS), "max.compaction.lag.ms": str(_DAY_MS)},
    ),
)
