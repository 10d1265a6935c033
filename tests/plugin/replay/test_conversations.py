"""Every event has its time, every conversation its end, whatever the source leaves out."""

import pytest

from plugin.replay.conversations import TYPING_WORDS_PER_MINUTE, check, conversation, typing_s
from stream.contracts.errors import Misconfigured


def said(words: str) -> dict[str, object]:
    """A message payload without its time."""
    return {
        "type": "message",
        "conversation_id": "c",
        "message_id": "m",
        "role": "client",
        "author": "a",
        "text": words,
    }


def times(*events: tuple[float | None, dict[str, object]]) -> list[float]:
    """When each event comes, the added end left out."""
    return [step.at_s for step in conversation("c", "here", events).steps[: len(events)]]


def test_the_typing_pace_is_forty_words_a_minute() -> None:
    """Stated in the docs."""
    assert TYPING_WORDS_PER_MINUTE == 40
    assert typing_s(said("one two three four")) == 6
    assert typing_s({"type": "session_end"}) == 0


def test_a_message_without_a_time_comes_when_it_has_been_typed() -> None:
    """After its predecessor; the first begins at its own pace too."""
    assert times((None, said("a b")), (None, said("a b c d"))) == [2, 8]


def test_an_event_without_words_follows_at_once() -> None:
    """One second later, so that the order shows."""
    assert times((0, said("a")), (None, {"type": "deletion"}), (None, {"type": "deletion"})) == [0, 1, 2]


def test_given_times_are_kept_and_equal_or_disordered_ones_put_in_order() -> None:
    """Clocks of transcripts have whole seconds, and a few go back."""
    assert times((5, said("a")), (5, said("b")), (4, said("c")), (60, said("d"))) == [5, 6, 7, 60]


def test_a_conversation_that_does_not_end_is_ended() -> None:
    """Right after its last event."""
    made = conversation("c", "here", [(3, said("a"))])
    assert [step.payload["type"] for step in made.steps] == ["message", "session_end"]
    assert made.duration_s == 4
    assert made.steps[-1].payload["conversation_id"] == "c"


def test_a_conversation_that_ends_itself_is_left_so() -> None:
    """Also one with several sessions."""
    end: dict[str, object] = {"type": "session_end", "conversation_id": "c"}
    made = conversation("c", "here", [(0, said("a")), (9, end), (99, said("b")), (100, end)])
    assert [step.payload["type"] for step in made.steps] == ["message", "session_end"] * 2


def test_words_are_not_shown() -> None:
    """A step may end in a traceback."""
    assert "canary" not in repr(conversation("c", "here", [(0, said("canary"))]))


def test_a_payload_is_checked_without_its_time() -> None:
    """The replay sets that."""
    check(said("hello"), "here")


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
    """So that a person can mend the file."""
    with pytest.raises(Misconfigured, match=sentence) as error:
        check(said("hello") | change, "here")
    assert "canary" not in str(error.value)
