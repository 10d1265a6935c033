"""The dead-letter topic can be read in whole, since a time, and by the id of one dead letter."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from plugin.operations.dead_letter import DeadLetterId
from plugin.operations.dead_letter_summary import DeadLetterSummary, summarize_dead_letters
from plugin.operations.dead_letter_topic import read_dead_letter, read_dead_letters
from plugin.operations.terminal import print_dead_letters
from stream.contracts.errors import Misconfigured, Poison, Unavailable
from stream.contracts.messages import Consent
from stream.contracts.topics import DEAD_LETTERS, MESSAGES
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import encode
from stream.runtime.command_clients import topic_partitions
from stream.runtime.settings import DatabaseSettings, KafkaSettings, Settings
from tests.plugin.operations.conftest import CANARY, Bench, message


def ids(bench: Bench, since: datetime | None = None) -> list[DeadLetterId]:
    """Return the ids of this bench's dead letters."""
    return [each.id for each in read_dead_letters(bench.kafka, since) if each.stage == bench.stage]


def settings(bench: Bench, database: str) -> Settings:
    """Return the settings of a command."""
    return Settings(kafka=bench.kafka, database=DatabaseSettings.model_validate({"url": database}))


def listed(found: DeadLetterSummary) -> str:
    """Return the list as printed on a wide terminal without colour."""
    out = io.StringIO()
    print_dead_letters(found, Console(file=out, width=300))
    return out.getvalue()


def test_all_letters_are_read_once_in_the_order_of_their_partition(bench: Bench) -> None:
    """All dead letters are read once, in the order of their partition, even beyond one poll."""
    made = [bench.set_aside(encode(message(f"{bench.conversation}-{number}"))) for number in range(600)]
    found = ids(bench)
    assert sorted(found) == sorted(made)
    assert found == sorted(found)


def test_letters_since_a_time(bench: Bench) -> None:
    """Dead letters are selected by the time at which the broker stored them."""
    bench.set_aside(encode(message(bench.conversation)))
    now = datetime.now(UTC)
    assert len(ids(bench, now - timedelta(hours=1))) == 1
    assert ids(bench, now + timedelta(hours=1)) == []


def test_one_letter_by_its_id(bench: Bench) -> None:
    """One dead letter is found by its id, and an id without a dead letter gives None."""
    made = bench.set_aside(encode(message(bench.conversation)))
    found = read_dead_letter(bench.kafka, made)
    assert found is not None
    assert found.id == made
    end = bench.end(DEAD_LETTERS)[made.partition]
    assert read_dead_letter(bench.kafka, DeadLetterId(made.partition, end)) is None
    assert read_dead_letter(bench.kafka, DeadLetterId(99, 0)) is None


def test_counts_by_reason_stage_topic_and_day_and_the_newest_stories(bench: Bench, database: str) -> None:
    """The list counts by reason, stage, topic and day, counts handled dead letters apart, and shows no text."""
    before = summarize_dead_letters(settings(bench, database), newest=0)
    for number in range(3):
        bench.set_aside(encode(message(bench.conversation, message_id=f"m-{number}")))
    last = bench.set_aside(encode(message(bench.conversation)), Poison(DeadLetterReason.OVERSIZE, "segment"))
    found = summarize_dead_letters(settings(bench, database), newest=2)
    assert found.waiting == before.waiting + 4
    assert found.counts["stage"][bench.stage] == 4
    assert found.counts["reason"]["oversize"] == before.counts["reason"]["oversize"] + 1
    assert found.counts["topic"][MESSAGES] >= 4
    assert sum(found.counts["day"].values()) == found.waiting
    assert found.newest[0]["id"] == str(last)
    assert len(found.newest) == 2
    size = len(encode(message(bench.conversation)).value)
    assert [story["bytes"] for story in found.newest] == [size, size]
    assert f" {size} " in listed(found)
    assert CANARY not in str(found.as_json())
    assert bench.conversation not in str(found.as_json())

    bench.drop()
    after = summarize_dead_letters(settings(bench, database), newest=2)
    assert (after.waiting, after.handled) == (before.waiting, (before.handled or 0) + 4)
    assert bench.stage not in after.counts["stage"]
    shown = summarize_dead_letters(settings(bench, database), newest=2, include_handled=True)
    assert shown.counts["stage"][bench.stage] == 4
    assert [story["handled"] for story in shown.newest] == [True, True]


def test_a_body_that_was_not_kept_is_listed_with_its_size(bench: Bench, database: str) -> None:
    """The list shows the size of a record of which only the story was kept, and says so."""
    large = encode(message(bench.conversation, consent=Consent()))
    bench.set_aside(large, Poison(DeadLetterReason.NO_CONSENT, "consent"))
    found = summarize_dead_letters(settings(bench, database), newest=1)
    assert f"{len(large.value)} (not kept)" in listed(found)
    bench.drop()


def test_the_list_works_without_the_database_and_says_what_it_cannot_know(bench: Bench) -> None:
    """The list works without the database and says that it does not know which dead letters were handled."""
    bench.set_aside(encode(message(bench.conversation)))
    away = summarize_dead_letters(settings(bench, "postgresql+psycopg://u@127.0.0.1:1/d"), newest=1)
    assert away.handled is None
    assert "database" in away.why_not_asked
    assert away.counts["stage"][bench.stage] == 1


def test_a_broker_that_is_away_is_unavailable() -> None:
    """An unreachable broker is reported as unavailable within seconds."""
    with pytest.raises(Unavailable):
        list(read_dead_letters(KafkaSettings(bootstrap_servers="127.0.0.1:1")))


def test_a_broker_without_the_topic_says_which_command_makes_it() -> None:
    """The error about a missing topic names the command that creates it, and reading creates nothing."""

    class Empty:
        def partitions_for_topic(self, _topic: str) -> None:
            """Return None, as kafka-python does for a topic that does not exist."""

    with pytest.raises(Misconfigured, match="counterpoint topics"):
        topic_partitions(Empty(), DEAD_LETTERS)
