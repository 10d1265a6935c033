"""Tests of sending: a replay sends what a live platform would, and a repeated replay adds nothing."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from plugin.replay import sending
from plugin.replay.conversations import Payload, RecordedConversation, recorded_conversation
from plugin.replay.sending import ReplayResult, send_conversations
from plugin.replay.timeline import Speed
from stream.contracts.errors import Denied, Misconfigured
from stream.runtime.settings import Settings
from tests.plugin.replay.platforms import TENANT, Topic, gateway


def chat(reference: str, length: int = 5, *, consent: bool = True) -> RecordedConversation:
    """Return a conversation with ten seconds between its messages."""
    said: list[tuple[float | None, Payload]] = [
        (
            10.0 * number,
            {
                "type": "message",
                "conversation_id": reference,
                "message_id": str(number),
                "role": "client",
                "author": "a",
                "text": f"words {number}",
                "consent": {"processing": consent},
            },
        )
        for number in range(length)
    ]
    return recorded_conversation(reference, "here", said)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Settings, Topic]]:
    """Yield a gateway on loopback."""
    with gateway() as running:
        yield running


@pytest.fixture
def topic(served: tuple[Settings, Topic]) -> Topic:
    """Return the gateway's topic, emptied."""
    served[1].records.clear()
    return served[1]


@pytest.fixture
def settings(served: tuple[Settings, Topic]) -> Settings:
    """Return the settings with the gateway's address."""
    return served[0]


def replay(
    settings: Settings,
    *conversations: RecordedConversation,
    run: str = "r",
    speed: Speed = None,
    tenant: str = "sample",
    ends: Mapping[str, datetime] = sending.NO_ENDS,
) -> ReplayResult:
    """Send conversations and wait for the result."""
    return asyncio.run(send_conversations(conversations, settings, tenant=tenant, speed=speed, run=run, ends=ends))


def test_every_event_arrives_in_order_within_its_conversation(settings: Settings, topic: Topic) -> None:
    """Events arrive in order within each conversation while conversations are sent concurrently."""
    replayed = replay(settings, *(chat(f"c{number}") for number in range(sending.SIDE_BY_SIDE * 2)))
    assert (replayed.messages, replayed.accepted, replayed.refused.total()) == (160, 192, 0)
    for events in topic.conversations().values():
        assert [event.get("message_id") for event in events] == ["0", "1", "2", "3", "4", None]
        assert "ended_at" in events[-1]
    assert len(topic.conversations()) == 32


def test_at_speed_max_the_virtual_times_stay_and_end_now(settings: Settings, topic: Topic) -> None:
    """At speed `max` events keep their distances in time, and the last one carries the current time."""
    replay(settings, chat("c"))
    times = [datetime.fromisoformat(data.get("sent_at") or data["ended_at"]) for data in topic.data()]
    assert [(later - times[0]).total_seconds() for later in times] == [0, 10, 20, 30, 40, 41]
    assert datetime.now(UTC) - times[-1] < timedelta(seconds=10)


def test_a_conversation_ends_when_it_is_said_to(settings: Settings, topic: Topic) -> None:
    """At speed `max` a conversation ends at the time that is given for it, and one without a time ends now."""
    end = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    replay(settings, chat("c"), chat("d"), ends={"c": end})
    ended = {
        conversation: datetime.fromisoformat(events[-1]["ended_at"])
        for conversation, events in topic.conversations().items()
    }
    first, second = sorted(ended.values())
    assert first == end
    assert datetime.now(UTC) - second < timedelta(minutes=5)


def test_at_a_speed_it_takes_its_time(settings: Settings, topic: Topic) -> None:
    """At 200 times real time a replay of 41 seconds takes at least 0.2 s, and its events carry the real times."""
    begun = datetime.now(UTC)
    replay(settings, chat("c"), speed=200)
    took = datetime.now(UTC) - begun
    assert took > timedelta(seconds=41 / 200)
    times = [datetime.fromisoformat(data["sent_at"]) for data in topic.data()[:-1]]
    assert all(begun <= time <= begun + took for time in times)
    assert times == sorted(times)


def test_the_same_run_again_makes_the_same_ids(settings: Settings, topic: Topic) -> None:
    """The same run repeated sends the same ids, so a stopped replay can simply be started again."""
    replay(settings, chat("c"), run="one")
    messages = {data["message_id"] for data in topic.data()[:-1]}
    ids = {dict(record.headers)["ce_id"] for record in topic.records[:-1]}
    topic.records.clear()
    replay(settings, chat("c"), run="one")
    assert {data["message_id"] for data in topic.data()[:-1]} == messages
    assert {dict(record.headers)["ce_id"] for record in topic.records[:-1]} == ids


def test_another_run_is_another_conversation_of_the_same_people(settings: Settings, topic: Topic) -> None:
    """Another run makes other conversations of the same people."""
    one, two = replay(settings, chat("c"), run="one"), replay(settings, chat("c"), run="two")
    assert (one.conversations, two.conversations) == (("one:c",), ("two:c",))
    assert len(topic.conversations()) == 2
    assert len({data["author"] for data in topic.data() if "author" in data}) == 1


def test_a_broker_that_is_away_for_a_while_costs_nothing(settings: Settings, topic: Topic) -> None:
    """Events that failed while the broker was away are sent again, in order."""
    topic.away = 3
    replayed = replay(settings, chat("c", length=2))
    assert replayed.accepted == 3
    assert [data.get("message_id") for data in topic.data()] == ["0", "1", None]


def test_what_is_refused_is_counted_by_reason(settings: Settings, topic: Topic) -> None:
    """Refused events are counted by reason, and the session end is still sent."""
    replayed = replay(settings, chat("c", consent=False), chat("d"))
    assert (replayed.accepted, dict(replayed.refused)) == (7, {"no_consent": 5})
    assert len(topic.records) == 7


def test_an_unknown_tenant_or_secret_is_reported_at_the_first_event_at_the_latest(
    settings: Settings, topic: Topic
) -> None:
    """An unknown tenant is an error before any event, and a wrong secret at the first one."""
    with pytest.raises(Misconfigured, match=r"tenants\.nobody\.webhook_secrets is not set"):
        replay(settings, chat("c"), tenant="nobody")
    vendor = settings.model_copy(update={"tenants": {"vendor": TENANT.model_copy(update={"platform": "chatwoot"})}})
    with pytest.raises(Misconfigured, match=r"tenants\.vendor speaks chatwoot"):
        replay(vendor, chat("c"), tenant="vendor")
    other = settings.model_copy(update={"tenants": {"other": TENANT}})
    with pytest.raises(Denied):
        replay(other, chat("c"), tenant="other")
    assert topic.records == []
