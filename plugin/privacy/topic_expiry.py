"""The time by which the broker has deleted the last copy of an erased record, from its configuration of each topic.

The functions are pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SWEEP_MS: Final = 10 * 60_000
"""Milliseconds. The broker looks for old segments every five minutes (`log.retention.check.interval.ms`), its cleaner
every quarter of a minute; ten minutes allow for one round that fails."""
NEVER_MS: Final = 2**63 - 1


@dataclass(frozen=True)
class TopicExpiry:
    """The time by which the broker has deleted every record that was on a topic at an earlier time."""

    topic: str
    expires_at: datetime | None
    """The time, None if the broker is not configured to delete them."""
    reason: str


def topic_expiries(configs: Mapping[str, Mapping[str, str]], at: datetime) -> list[TopicExpiry]:
    """Return, for each topic, when all records that were on it at `at` are deleted, from its broker configuration."""
    return [_topic_expiry(topic, config, at) for topic, config in configs.items()]


def last_expiry(expiries: list[TopicExpiry]) -> datetime | None:
    """Return when the records of all topics are deleted; None if those of one never are."""
    times = [expiry.expires_at for expiry in expiries]
    return None if None in times else max((time for time in times if time is not None), default=None)


def _topic_expiry(topic: str, config: Mapping[str, str], at: datetime) -> TopicExpiry:
    """Return when a topic's records are deleted: with their segment, which waits for its last record."""
    policies = {policy.strip() for policy in config.get("cleanup.policy", "delete").split(",")}
    rolls_ms, files_ms = int(config["segment.ms"]), int(config.get("file.delete.delay.ms", "60000"))
    keep_ms = int(config["retention.ms"]) if "delete" in policies else -1
    lag_ms = int(config["max.compaction.lag.ms"]) if "compact" in policies else NEVER_MS
    waits = []
    if keep_ms >= 0:
        waits.append((keep_ms, f"kept {_format_duration(keep_ms)}"))
    if lag_ms < NEVER_MS:
        waits.append((lag_ms, f"overwritten by what came after, compacted within {_format_duration(lag_ms)}"))
    if not waits or rolls_ms >= NEVER_MS:
        setting = "retention.ms" if "delete" in policies else "max.compaction.lag.ms"
        return TopicExpiry(topic, None, f"never: {setting} is not set on the broker")
    wait_ms, reason = min(waits)
    expires_at = at + timedelta(milliseconds=wait_ms + rolls_ms + files_ms + SWEEP_MS)
    return TopicExpiry(topic, expires_at, f"{reason}, in segments of {_format_duration(rolls_ms)}")


def _format_duration(ms: int) -> str:
    for unit, length in (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)):
        if ms >= length:
            number = ms / length
            return f"{number:g} {unit}{'' if number == 1 else 's'}"
    return f"{ms} ms"
