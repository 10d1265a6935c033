"""What may still happen to a session after its close."""

import pytest

from stream.contracts.errors import Poison
from stream.contracts.vocabulary import DeadLetterReason, EndReason, SessionState
from stream.sessions.rules import MAX_MESSAGES
from tests.stream.sessions.talk import DAY, MINUTE, Talk, at_second, rules

IDLE = 30 * MINUTE


def closed_talk(second: float = 0) -> tuple[Talk, float]:
    """A session that was ended by the platform, and the second of its end."""
    talk = Talk()
    end = talk.session(second) + 5
    talk.end(end)
    return talk, end


def test_a_late_message_is_placed_and_the_session_closes_again() -> None:
    """Two seconds of broker time later, as the next revision, with everything in the order it was sent."""
    talk, end = closed_talk()
    talk.client("no I forgot to say something", end + 60, sent=15)
    talk.tick(end + 61)
    assert talk.story == [(1, "closed")]
    talk.tick(end + 62)
    assert talk.story == [(1, "closed"), (2, "closed")]
    first, second = talk.records
    assert second.counts.messages == first.counts.messages + 1
    assert second.session_id == first.session_id
    assert second.end_reason is EndReason.EXPLICIT
    assert second.ended_at == first.ended_at
    assert [m.message_id for m in second.messages] == ["m1", "m2", "m5", "m3", "m4"]


def test_a_burst_of_late_messages_makes_one_revision() -> None:
    """The two seconds are measured from the last of them."""
    talk, end = closed_talk()
    for step in range(5):
        talk.client("and one more thing", end + 60 + step, sent=15 + step)
        talk.tick(end + 61 + step)
    assert talk.story == [(1, "closed")]
    talk.tick(end + 66)
    assert talk.story == [(1, "closed"), (2, "closed")]
    talk.tick(end + 120)
    assert len(talk.records) == 2


def test_a_message_of_the_very_end_is_late() -> None:
    """Not after the end means late; only what was sent after it continues."""
    talk, end = closed_talk()
    talk.client("bye", end + 1, sent=end)
    assert talk.story == [(1, "closed")]
    talk.tick(end + 3)
    assert talk.story[-1] == (2, "closed")


def test_an_edit_and_a_deletion_after_the_close_make_the_next_revision() -> None:
    """What a supervisor reads are the words that stand."""
    talk, end = closed_talk()
    talk.edit("m3", "no no not that again", end + 10)
    talk.tick(end + 12)
    assert talk.story[-1] == (2, "closed")
    assert {m.message_id: m.text for m in talk.last.messages}["m3"] == "no no not that again"
    talk.delete("m3", end + 20)
    talk.tick(end + 22)
    assert talk.story[-1] == (3, "closed")
    assert talk.last.counts.messages == 3
    assert "again" not in talk.last.model_dump_json()


def test_a_newer_message_soon_after_the_close_reopens_the_session() -> None:
    """A record without text hides the feedback; then the session closes as its next revision, with all messages."""
    talk, end = closed_talk()
    talk.client("no wait one more thing", end + 20 * MINUTE)
    assert talk.story == [(1, "closed"), (1, "reopened")]
    reopened = talk.last
    assert not reopened.messages
    assert not reopened.exchanges
    assert not reopened.marks
    assert not reopened.known_names
    talk.end(end + 21 * MINUTE)
    assert talk.story[-1] == (2, "closed")
    assert talk.last.session_id == reopened.session_id
    assert talk.last.counts.messages == 5


def test_after_a_reopening_the_idle_rule_always_applies() -> None:
    """The platform may well think that it has told the end already."""
    talk = Talk(rules(end_rule="explicit"))
    end = talk.session() + 5
    talk.end(end)
    talk.client("one more thing", end + 60)
    talk.tick(end + 60 + IDLE)
    assert talk.story == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert talk.last.end_reason is EndReason.IDLE


def test_the_old_end_told_again_does_not_close_a_reopened_session() -> None:
    """A platform that repeats its end event means the end it has told before."""
    talk, end = closed_talk()
    talk.client("one more thing", end + 60)
    talk.end(end + 61, ended=end)
    assert talk.story == [(1, "closed"), (1, "reopened")]


def test_a_session_may_reopen_many_times() -> None:
    """Each close is the next revision of the one session."""
    talk, end = closed_talk()
    for round_ in range(3):
        end += 10 * MINUTE
        talk.client(f"and {round_}", end)
        end += MINUTE
        talk.end(end)
    assert talk.story == [
        (1, "closed"), (1, "reopened"), (2, "closed"), (2, "reopened"), (3, "closed"), (3, "reopened"), (4, "closed"),
    ]  # fmt: skip
    assert len({record.session_id for record in talk.records}) == 1


def test_a_newer_message_after_the_reopening_window_begins_the_next_session() -> None:
    """The first session keeps its feedback."""
    talk, end = closed_talk()
    talk.client("no hello again", end + 31 * MINUTE)
    assert talk.story == [(1, "closed")]
    talk.end(end + 32 * MINUTE)
    assert talk.story == [(1, "closed"), (1, "closed")]
    assert talk.records[0].session_id != talk.records[1].session_id


def test_a_message_late_for_an_old_session_finds_it_while_the_next_is_open() -> None:
    """It was sent before the old session's end."""
    talk, end = closed_talk()
    talk.client("hello again", end + 40 * MINUTE)
    talk.client("no this was meant for earlier", end + 41 * MINUTE, sent=17)
    talk.tick(end + 42 * MINUTE)
    assert talk.story == [(1, "closed"), (2, "closed")]
    assert talk.last.counts.messages == 5
    assert talk.conversation.open_session == "m5"


def test_a_late_message_before_a_reopening_is_in_the_next_revision() -> None:
    """The reopening takes over what was about to close again."""
    talk, end = closed_talk()
    talk.client("late", end + 1, sent=12)
    talk.client("newer", end + 2)
    talk.end(end + 3)
    assert talk.story == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert talk.last.counts.messages == 6


def test_a_late_message_after_a_day_is_refused() -> None:
    """Whether or not the text is still kept."""
    talk, end = closed_talk()
    with pytest.raises(Poison) as refused:
        talk.client("much too late", end + DAY + 1, sent=15)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    talk.tick(end + DAY + 2)
    with pytest.raises(Poison) as refused:
        talk.client("later still", end + 3 * DAY, sent=15)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    assert talk.story == [(1, "closed")]


def test_an_edit_after_a_day_is_refused_and_a_deletion_is_not() -> None:
    """As long as there are words here, the platform's deletion takes them away."""
    talk, end = closed_talk()
    with pytest.raises(Poison) as refused:
        talk.edit("m3", "no never", end + DAY + 1)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    talk.delete("m3", end + DAY + 1)
    assert "will not help" not in talk.kept


def test_closing_again_for_late_messages_does_not_move_the_windows() -> None:
    """A trickle of late messages cannot keep a session within reach for ever."""
    talk, end = closed_talk()
    talk.client("late", end + 29 * MINUTE, sent=15)
    talk.tick(end + 29 * MINUTE + 2)
    assert talk.story[-1] == (2, "closed")
    talk.client("newer", end + 31 * MINUTE)
    assert talk.last.state is SessionState.CLOSED
    assert talk.conversation.open_session == "m6"


def test_text_goes_when_nothing_can_change_any_more() -> None:
    """A day after the close; the session's bounds are remembered a week longer, to know a late message by."""
    talk, end = closed_talk()
    talk.tick(end + DAY - 1)
    assert "will not help" in talk.kept
    talk.tick(end + DAY)
    assert talk.conversation.segments == {}
    assert "will not help" not in talk.kept
    assert talk.head.sessions[0].ended_at == at_second(end)
    talk.tick(end + 8 * DAY)
    assert talk.conversation.is_empty


def test_a_session_that_was_too_long_takes_no_late_messages() -> None:
    """It is left out in any case, and must not grow."""
    talk = Talk()
    for number in range(MAX_MESSAGES):
        talk.give_quietly(number)
    with pytest.raises(Poison) as refused:
        talk.client("late", MAX_MESSAGES + 1, sent=5)
    assert refused.value.reason is DeadLetterReason.TOO_LATE


def test_how_late_a_tick_comes_changes_nothing() -> None:
    """After an outage of hours a message reopens only what it would have reopened without the outage."""
    talk = Talk()
    last = talk.session()
    talk.tick(last + 5 * IDLE)
    assert talk.last.closed_at == at_second(last + IDLE)
    talk.client("hello", last + 5 * IDLE + 1)
    assert talk.story == [(1, "closed")]
