"""When the last copy on the broker is gone: by the broker's own settings, never too early."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.local.kafka import Kafka
from plugin.privacy.copies import SWEEP_MS, copies, last
from stream.contracts.topics import DEAD_LETTERS, TOPICS
from stream.runtime import settings
from stream.runtime.topics import create_missing, kept

AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
HOUR, DAY = 3_600_000, 86_400_000
FOREVER = str(2**63 - 1)
DELETED = {
    "cleanup.policy": "delete",
    "retention.ms": str(3 * DAY),
    "segment.ms": str(HOUR),
    "max.compaction.lag.ms": FOREVER,
}
COMPACTED = {
    "cleanup.policy": "compact",
    "retention.ms": str(7 * DAY),
    "segment.ms": str(HOUR),
    "max.compaction.lag.ms": str(DAY),
}


def gone(config: dict[str, str]) -> timedelta | None:
    """How long after the erasure."""
    (found,) = copies({"topic": config}, AT)
    return None if found.gone_at is None else found.gone_at - AT


def test_a_record_goes_with_the_last_of_its_segment() -> None:
    """Kept time, the segment's time on top, the file's delay and the broker's round."""
    slack = timedelta(milliseconds=SWEEP_MS + 60_000)
    assert gone(DELETED) == timedelta(days=3, hours=1) + slack
    assert gone(DELETED | {"file.delete.delay.ms": "0"}) == timedelta(days=3, hours=1, milliseconds=SWEEP_MS)


def test_a_changelog_is_compacted_after_its_longest_lag() -> None:
    """Its retention says nothing; with both policies the earlier one counts."""
    slack = timedelta(milliseconds=SWEEP_MS + 60_000)
    assert gone(COMPACTED) == timedelta(days=1, hours=1) + slack
    assert (
        gone(COMPACTED | {"cleanup.policy": "compact,delete", "retention.ms": str(HOUR)}) == timedelta(hours=2) + slack
    )


@pytest.mark.parametrize(
    "config",
    [
        DELETED | {"retention.ms": "-1"},
        COMPACTED | {"max.compaction.lag.ms": FOREVER},
        DELETED | {"segment.ms": FOREVER},
    ],
)
def test_what_the_broker_never_drops_is_told_as_such(config: dict[str, str]) -> None:
    """No time is invented."""
    assert gone(config) is None
    assert last(copies({"a": DELETED, "b": config}, AT)) is None


def test_the_last_of_all_topics_counts(kafka: Kafka) -> None:
    """With our own settings, as a real broker tells them: the dead letters are kept longest."""
    reached = settings.Kafka(bootstrap_servers=kafka.bootstrap_servers, partitions=1)
    create_missing(reached)
    found = copies(kept(reached), AT)
    assert {each.topic for each in found} == {spec.name for spec in TOPICS}
    latest = last(found)
    assert latest is not None
    assert timedelta(days=14) < latest - AT < timedelta(days=14, hours=2)
    assert next(each for each in found if each.gone_at == latest).topic == DEAD_LETTERS
