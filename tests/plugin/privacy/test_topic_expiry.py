"""Tests of the time by which the broker has deleted the last copy of a record, which is never too early."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.local.kafka import KafkaBroker
from plugin.privacy.topic_expiry import SWEEP_MS, last_expiry, topic_expiries
from stream.contracts.topics import DEAD_LETTERS, TOPICS
from stream.runtime import settings
from stream.runtime.topics import create_missing_topics, topic_configs

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


def time_to_expiry(config: dict[str, str]) -> timedelta | None:
    """Return the time from the erasure until a topic's records are deleted; None if they never are."""
    (found,) = topic_expiries({"topic": config}, AT)
    return None if found.expires_at is None else found.expires_at - AT


def test_a_record_is_deleted_with_its_segment() -> None:
    """A record is deleted after retention, the segment's time, the file's delay and the broker's interval."""
    slack = timedelta(milliseconds=SWEEP_MS + 60_000)
    assert time_to_expiry(DELETED) == timedelta(days=3, hours=1) + slack
    assert time_to_expiry(DELETED | {"file.delete.delay.ms": "0"}) == timedelta(days=3, hours=1, milliseconds=SWEEP_MS)


def test_a_changelog_is_compacted_after_its_longest_lag() -> None:
    """A compacted topic loses old records after its longest compaction lag; with both policies the earlier counts."""
    slack = timedelta(milliseconds=SWEEP_MS + 60_000)
    assert time_to_expiry(COMPACTED) == timedelta(days=1, hours=1) + slack
    assert (
        time_to_expiry(COMPACTED | {"cleanup.policy": "compact,delete", "retention.ms": str(HOUR)})
        == timedelta(hours=2) + slack
    )


@pytest.mark.parametrize(
    "config",
    [
        DELETED | {"retention.ms": "-1"},
        COMPACTED | {"max.compaction.lag.ms": FOREVER},
        DELETED | {"segment.ms": FOREVER},
    ],
)
def test_a_topic_that_is_never_cleaned_has_no_expiry(config: dict[str, str]) -> None:
    """A topic whose records are never deleted has no expiry time."""
    assert time_to_expiry(config) is None
    assert last_expiry(topic_expiries({"a": DELETED, "b": config}, AT)) is None


def test_the_last_expiry_of_all_topics_counts(kafka: KafkaBroker) -> None:
    """The dead letters of a real broker with the project's settings expire last of all topics."""
    reached = settings.KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=1)
    create_missing_topics(reached)
    found = topic_expiries(topic_configs(reached), AT)
    assert {each.topic for each in found} == {spec.name for spec in TOPICS}
    latest = last_expiry(found)
    assert latest is not None
    assert timedelta(days=14) < latest - AT < timedelta(days=14, hours=2)
    assert next(each for each in found if each.expires_at == latest).topic == DEAD_LETTERS
