"""When the broker has dropped the last copy of what was erased: worked out from how it keeps each topic now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SWEEP_MS: Final = 10 * 60_000
"""The broker looks for old segments every five minutes (`log.retention.check.interval.ms`), its cleaner every quarter
of a minute; ten minutes let one round fail."""
NEVER_MS: Final = 2**63 - 1


@dataclass(frozen=True)
class Copies:
    """One topic's copies of what was on it at a time."""

    topic: str
    gone_at: datetime | None
    """None: the broker is not told to drop them."""
    why: str


def copies(configs: Mapping[str, Mapping[str, str]], at: datetime) -> list[Copies]:
    """For each topic when everything that stood on it at `at` is gone, from the broker's own settings of it."""
    return [_copies(topic, config, at) for topic, config in configs.items()]


def last(found: list[Copies]) -> datetime | None:
    """When all of them are gone; None if one of them never is."""
    times = [each.gone_at for each in found]
    return None if None in times else max((time for time in times if time is not None), default=None)


def _copies(topic: str, config: Mapping[str, str], at: datetime) -> Copies:
    """A record goes with its segment: the segment takes records until it rolls, then it waits for its last one."""
    policies = {policy.strip() for policy in config.get("cleanup.policy", "delete").split(",")}
    rolls_ms, files_ms = int(config["segment.ms"]), int(config.get("file.delete.delay.ms", "60000"))
    keep_ms = int(config["retention.ms"]) if "delete" in policies else -1
    lag_ms = int(config["max.compaction.lag.ms"]) if "compact" in policies else NEVER_MS
    ways = []
    if keep_ms >= 0:
        ways.append((keep_ms, f"kept {_span(keep_ms)}"))
    if lag_ms < NEVER_MS:
        ways.append((lag_ms, f"overwritten by what came after, compacted within {_span(lag_ms)}"))
    if not ways or rolls_ms >= NEVER_MS:
        setting = "retention.ms" if "delete" in policies else "max.compaction.lag.ms"
        return Copies(topic, None, f"never: {setting} is not set on the broker")
    wait_ms, why = min(ways)
    gone = at + timedelta(milliseconds=wait_ms + rolls_ms + files_ms + SWEEP_MS)
    return Copies(topic, gone, f"{why}, in segments of {_span(rolls_ms)}")


def _span(ms: int) -> str:
    for unit, length in (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)):
        if ms >= length:
            number = ms / length
            return f"{number:g} {unit}{'' if number == 1 else 's'}"
    return f"{ms} ms"
