"""Tests of recorded conversations: every event has a time, and every conversation has an end."""

import pytest

from plugin.replay.conversations import TYPING_WORDS_PER_MINUTE, check_payload, recorded_conversation, typing_s
from stream.contracts.errors import Misconfigured


def said(words: str) -> dict[str, object]:
    """Return a message payload without its time."""
    return {
        "type": "message",
        "conversation_id": "c",
        "message_id": "m",
        "role": "client",
        "author": "a",
        "text": words,
    }


def times(*events: tuple[float | None, dict[str, object]]) -> list[float]:
    """Return when each event is due, without the added session end."""
    return [event.at_s for event in recorded_conversation("c", "here", events).events[: len(events)]]


def test_the_typing_pace_is_forty_words_a_minute() -> None:
    """The typing pace is the forty words a minute that the documentation states."""
    assert TYPING_WORDS_PER_MINUTE == 40
    assert typing_s(said("one two three four")) == 6
    assert typing_s({"type": "session_end"}) == 0


def test_a_message_without_a_time_comes_when_it_has_been_typed() -> None:
    """A message without a time is due after the time it takes to type it."""
    assert times((None, said("a b")), (None, said("a b c d"))) == [2, 8]


def test_an_event_without_words_follows_at_once() -> None:
    """An event without text and time follows its predecessor after one second."""
    assert times((0, said("a")), (None, {"type": "deletion"}), (None, {"type": "deletion"})) == [0, 1, 2]


def test_given_times_are_kept_and_equal_or_disordered_ones_put_in_order() -> None:
    """Given times are kept, except that equal or decreasing times are moved to keep the order."""
    assert times((5, said("a")), (5, said("b")), (4, said("c")), (60, said("d"))) == [5, 6, 7, 60]


def test_a_conversation_that_does_not_end_is_ended() -> None:
    """A conversation without a session end gets one right after its last event."""
    made = recorded_conversation("c", "here", [(3, said("a"))])
    assert [event.payload["type"] for event in made.events] == ["message", "session_end"]
    assert made.duration_s == 4
    assert made.events[-1].payload["conversation_id"] == "c"


def test_a_conversation_that_ends_itself_is_left_so() -> None:
    """A conversation that has its own session ends gets no other."""
    end: dict[str, object] = {"type": "session_end", "conversation_id": "c"}
    made = recorded_conversation("c", "here", [(0, said("a")), (9, end), (99, said("b")), (100, end)])
    assert [event.payload["type"] for event in made.events] == ["message", "session_end"] * 2


def test_words_are_not_shown() -> None:
    """The representation of a conversation shows no text, since it may be in a traceback."""
    assert "canary" not in repr(recorded_conversation("c", "here", [(0, said("canary"))]))


def test_a_payload_is_checked_without_its_time() -> None:
    """A payload without its time is valid, since the replay sets the time."""
    check_payload(said("hello"), "here")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"type": "poem"}, "here: type is none of message, edit"),
        ({"type": ["message"]}, "here: type is none of"),
        ({"role": "canary"}, "here: role is wrong"),
        ({"text": "a\x00"}, r"here: text is wrong \(nul\)"),
        ({"message_id": ""}, "here: message_id is wrong"),
    ],
)
def test_what_is_wrong_is_named_by_place_not_content(change: dict[str, object], sentence: str) -> None:
    """An invalid payload is reported by place and field, without its content."""
    with pytest.raises(Misconfigured, match=sentence) as error:
        check_payload(said("hello") | change, "here")
    assert "canary" not in str(error.value)
