"""The open conversations of a worker, and how they come back from the changelog."""

import pytest

from stream.contracts.messages import Message
from stream.contracts.vocabulary import Role
from stream.runtime import metrics
from stream.sessions.conversation import Conversation
from stream.sessions.events import apply_event
from stream.sessions.rules import Arrival
from stream.sessions.state import HEAD_NUMBER, Head, Scored, encode_part
from stream.workers.open_sessions import OpenSessions, changelog_key
from tests.stream.sessions.scenario import Scenario, broker_ms, message, rules

NOTHING = Scored(score=0.0, flagged=False)


def conversation_after(*events: Message, start: int = 1) -> Conversation:
    """A conversation after these messages."""
    conversation = Conversation("acme", "room-1")
    apply_messages(conversation, *events, start=start)
    return conversation


def apply_messages(conversation: Conversation, *events: Message, start: int = 1) -> None:
    """Let messages have their effect, a second apart."""
    for offset, event in enumerate(events, start):
        list(apply_event(conversation, event, Arrival(offset, broker_ms(offset)), rules(), lambda _: NOTHING))


def changelog(conversation: Conversation, partition: int = 0) -> dict[bytes, bytes | None]:
    """Return the entries of a conversation on the changelog topic."""
    parts = {n: conversation.part(n) for n in conversation.part_numbers}
    return {
        changelog_key(partition, conversation, n): encode_part(part) for n, part in parts.items() if part is not None
    }


def rebuild(values: dict[bytes, bytes | None], partitions: tuple[int, ...] = (0,)) -> OpenSessions:
    """A worker after it has read the changelog."""
    sessions = OpenSessions(rules())
    for key, value in values.items():
        sessions.restore(key, value)
    sessions.rebuild(partitions)
    return sessions


def ids(sessions: OpenSessions, partition: int = 0) -> list[str]:
    """The messages of the conversation."""
    return [e.message_id for e in sessions.get(partition, "acme", "room-1").entries("a")]


def test_the_changelog_key_names_partition_conversation_and_part() -> None:
    """Tenant and pseudonym hold no separator, so nothing can be confused."""
    assert changelog_key(3, Conversation("acme", "room-1"), 12) == b"3|acme:room-1|12"


def test_a_conversation_comes_back_as_it_was() -> None:
    """Messages, names, closed sessions and what was not yet due."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin"], 0)
    end = scenario.ordinary_session()
    scenario.end(end + 1)
    scenario.client("one more thing", end + 20)
    sessions = rebuild(changelog(scenario.conversation))
    restored = sessions.get(0, "acme", "room-1")
    assert changelog(restored) == changelog(scenario.conversation)
    assert restored.open_session == "m1"
    assert restored.dirty == set()
    assert sessions.due(0, broker_ms(end + 20 + 1_799)) == []
    assert sessions.due(0, broker_ms(end + 20 + 1_800)) == [restored]


def test_the_last_value_of_a_key_counts() -> None:
    """A changelog that is not compacted holds older ones before it."""
    conversation = conversation_after(message("a", "hello", 0))
    older = changelog(conversation)
    apply_messages(conversation, message("b", "hello", 1), start=2)
    sessions = OpenSessions(rules())
    for values in (older, changelog(conversation)):
        for key, value in values.items():
            sessions.restore(key, value)
    sessions.rebuild((0,))
    assert ids(sessions) == ["a", "b"]


def test_a_deleted_part_is_not_restored() -> None:
    """A deleted part is not restored, and a conversation without parts is empty."""
    values = changelog(conversation_after(message("a", "hello", 0)))
    sessions = rebuild(values | dict.fromkeys(values))
    assert sessions.get(0, "acme", "room-1").is_empty
    assert sessions.due(0, broker_ms(10**6)) == []


def test_a_partition_of_another_worker_is_removed_from_memory() -> None:
    """A partition that another worker owns is removed from memory, with its text."""
    sessions = rebuild(changelog(conversation_after(message("a", "hello", 0))))
    assert ids(sessions) == ["a"]
    sessions.rebuild((1,))
    assert sessions.get(0, "acme", "room-1").is_empty
    assert sessions.due(0, broker_ms(10**6)) == []
    assert metrics.OPEN_SESSIONS._value.get() == 0


def test_a_partition_that_stayed_catches_up() -> None:
    """A rebalance reads on from where the changelog was read to, on top of what is in memory."""
    conversation = conversation_after(message("a", "hello", 0))
    sessions = rebuild(changelog(conversation))
    apply_messages(conversation, message("b", "hello", 1), start=2)
    for key, value in changelog(conversation).items():
        sessions.restore(key, value)
    sessions.rebuild((0,))
    assert ids(sessions) == ["a", "b"]
    sessions.rebuild((0,))
    assert ids(sessions) == ["a", "b"]


def test_what_was_not_yet_written_stays_to_be_written() -> None:
    """A batch that a rebalance called off may be ahead of the changelog; its records come again."""
    conversation = conversation_after(message("a", "hello", 0))
    sessions = rebuild(changelog(conversation))
    ahead = sessions.get(0, "acme", "room-1")
    apply_messages(ahead, message("b", "hello", 1), start=2)
    sessions.store(0, ahead)
    sessions.restore(changelog_key(0, ahead, HEAD_NUMBER), encode_part(Head(through=0)))
    sessions.rebuild((0,))
    assert sessions.get(0, "acme", "room-1").dirty == {2}
    assert ids(sessions) == ["a", "b"]


@pytest.mark.parametrize(
    "key", [b"0|acme:room-1|1", b"words", b"0|words", b"0|a|b|c", b"zero|acme:room-1|1", b"0|words|x"]
)
def test_a_changelog_of_somebody_else_is_an_error(key: bytes) -> None:
    """A foreign changelog is an error that is raised after all is read and shows no content."""
    sessions = OpenSessions(rules())
    sessions.restore(key, b'{"secret": "words"}')
    with pytest.raises(ValueError) as error:
        sessions.rebuild((0,))
    assert "words" not in str(error.value)


def test_a_foreign_record_that_was_deleted_again_is_ignored() -> None:
    """The remedy: a record without a value under that key."""
    sessions = OpenSessions(rules())
    for value in (b"{}", None):
        sessions.restore(b"tried", value)
    sessions.rebuild((0,))
    assert sessions.due(0, broker_ms(10**6)) == []


def test_open_sessions_are_counted() -> None:
    """A conversation that waits for late messages is not open."""
    sessions = rebuild(changelog(conversation_after(message("a", "hello", 0))))
    assert metrics.OPEN_SESSIONS._value.get() == 1
    scenario = Scenario()
    end = scenario.ordinary_session()
    scenario.end(end)
    sessions.store(0, scenario.conversation)
    assert metrics.OPEN_SESSIONS._value.get() == 0


def test_an_empty_conversation_is_not_kept() -> None:
    """A conversation without content is not kept after it was asked for."""
    sessions = OpenSessions(rules())
    empty = sessions.get(0, "acme", "room-1")
    sessions.store(0, empty)
    assert sessions.get(0, "acme", "room-1") is not empty


def test_a_failed_tick_can_be_put_off() -> None:
    """A failed tick can be postponed, so that one conversation is not tried every second."""
    sessions = rebuild(changelog(conversation_after(message("a", "hello", 0))))
    late = broker_ms(10_000)
    (conversation,) = sessions.due(0, late)
    sessions.postpone(0, conversation, late + 60_000)
    assert sessions.due(0, late) == []
    assert sessions.due(0, late + 60_000) == [conversation]


def test_whoever_keeps_sessions_for_itself_counts_them_for_itself() -> None:
    """Sessions that another stage follows are not counted as those of the session stage."""
    before = metrics.OPEN_SESSIONS._value.get()
    counts: list[float] = []
    sessions = OpenSessions(rules(), report=counts.append)
    sessions.store(0, conversation_after(message("a", "hello", 0)))
    assert counts == [1]
    assert metrics.OPEN_SESSIONS._value.get() == before
