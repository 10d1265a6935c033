"""What may still happen to a session after its close."""

import pytest

from stream.contracts.errors import Poison
from stream.contracts.vocabulary import DeadLetterReason, EndReason, SessionState
from stream.sessions.rules import MAX_MESSAGES
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, rules

IDLE = 30 * MINUTE


def closed_session(second: float = 0) -> tuple[Scenario, float]:
    """Return a scenario with a session that the platform ended, and the second of its end."""
    scenario = Scenario()
    end = scenario.ordinary_session(second) + 5
    scenario.end(end)
    return scenario, end


def test_a_late_message_is_placed_and_the_session_closes_again() -> None:
    """Two seconds of broker time later, as the next revision, with everything in the order it was sent."""
    scenario, end = closed_session()
    scenario.client("no I forgot to say something", end + 60, sent=15)
    scenario.tick(end + 61)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 62)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    first, second = scenario.records
    assert second.counts.messages == first.counts.messages + 1
    assert second.session_id == first.session_id
    assert second.end_reason is EndReason.EXPLICIT
    assert second.ended_at == first.ended_at
    assert [m.message_id for m in second.messages] == ["m1", "m2", "m5", "m3", "m4"]


def test_a_burst_of_late_messages_makes_one_revision() -> None:
    """The two seconds are measured from the last of them."""
    scenario, end = closed_session()
    for step in range(5):
        scenario.client("and one more thing", end + 60 + step, sent=15 + step)
        scenario.tick(end + 61 + step)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 66)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    scenario.tick(end + 120)
    assert len(scenario.records) == 2


def test_a_message_of_the_very_end_is_late() -> None:
    """Not after the end means late; only what was sent after it continues."""
    scenario, end = closed_session()
    scenario.client("bye", end + 1, sent=end)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 3)
    assert scenario.revisions[-1] == (2, "closed")


def test_an_edit_and_a_deletion_after_the_close_make_the_next_revision() -> None:
    """What a supervisor reads are the words that stand."""
    scenario, end = closed_session()
    scenario.edit("m3", "no no not that again", end + 10)
    scenario.tick(end + 12)
    assert scenario.revisions[-1] == (2, "closed")
    assert {m.message_id: m.text for m in scenario.last_record.messages}["m3"] == "no no not that again"
    scenario.delete("m3", end + 20)
    scenario.tick(end + 22)
    assert scenario.revisions[-1] == (3, "closed")
    assert scenario.last_record.counts.messages == 3
    assert "again" not in scenario.last_record.model_dump_json()


def test_a_newer_message_soon_after_the_close_reopens_the_session() -> None:
    """A record without text hides the feedback; then the session closes as its next revision, with all messages."""
    scenario, end = closed_session()
    scenario.client("no wait one more thing", end + 20 * MINUTE)
    assert scenario.revisions == [(1, "closed"), (1, "reopened")]
    reopened = scenario.last_record
    assert not reopened.messages
    assert not reopened.exchanges
    assert not reopened.marks
    assert not reopened.known_names
    scenario.end(end + 21 * MINUTE)
    assert scenario.revisions[-1] == (2, "closed")
    assert scenario.last_record.session_id == reopened.session_id
    assert scenario.last_record.counts.messages == 5


def test_after_a_reopening_the_idle_rule_always_applies() -> None:
    """The platform may well think that it has told the end already."""
    scenario = Scenario(rules(end_rule="explicit"))
    end = scenario.ordinary_session() + 5
    scenario.end(end)
    scenario.client("one more thing", end + 60)
    scenario.tick(end + 60 + IDLE)
    assert scenario.revisions == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert scenario.last_record.end_reason is EndReason.IDLE


def test_the_old_end_told_again_does_not_close_a_reopened_session() -> None:
    """A platform that repeats its end event means the end it has told before."""
    scenario, end = closed_session()
    scenario.client("one more thing", end + 60)
    scenario.end(end + 61, ended=end)
    assert scenario.revisions == [(1, "closed"), (1, "reopened")]


def test_a_session_may_reopen_many_times() -> None:
    """Each close is the next revision of the one session."""
    scenario, end = closed_session()
    for round_ in range(3):
        end += 10 * MINUTE
        scenario.client(f"and {round_}", end)
        end += MINUTE
        scenario.end(end)
    assert scenario.revisions == [
        (1, "closed"), (1, "reopened"), (2, "closed"), (2, "reopened"), (3, "closed"), (3, "reopened"), (4, "closed"),
    ]  # fmt: skip
    assert len({record.session_id for record in scenario.records}) == 1


def test_a_newer_message_after_the_reopening_window_begins_the_next_session() -> None:
    """The first session keeps its feedback."""
    scenario, end = closed_session()
    scenario.client("no hello again", end + 31 * MINUTE)
    assert scenario.revisions == [(1, "closed")]
    scenario.end(end + 32 * MINUTE)
    assert scenario.revisions == [(1, "closed"), (1, "closed")]
    assert scenario.records[0].session_id != scenario.records[1].session_id


def test_a_message_late_for_an_old_session_finds_it_while_the_next_is_open() -> None:
    """It was sent before the old session's end."""
    scenario, end = closed_session()
    scenario.client("hello again", end + 40 * MINUTE)
    scenario.client("no this was meant for earlier", end + 41 * MINUTE, sent=17)
    scenario.tick(end + 42 * MINUTE)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    assert scenario.last_record.counts.messages == 5
    assert scenario.conversation.open_session == "m5"


def test_a_late_message_before_a_reopening_is_in_the_next_revision() -> None:
    """The reopening takes over what was about to close again."""
    scenario, end = closed_session()
    scenario.client("late", end + 1, sent=12)
    scenario.client("newer", end + 2)
    scenario.end(end + 3)
    assert scenario.revisions == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert scenario.last_record.counts.messages == 6


def test_a_late_message_after_a_day_is_refused() -> None:
    """Whether or not the text is still kept."""
    scenario, end = closed_session()
    with pytest.raises(Poison) as refused:
        scenario.client("much too late", end + DAY + 1, sent=15)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    scenario.tick(end + DAY + 2)
    with pytest.raises(Poison) as refused:
        scenario.client("later still", end + 3 * DAY, sent=15)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    assert scenario.revisions == [(1, "closed")]


def test_an_edit_after_a_day_is_refused_and_a_deletion_is_not() -> None:
    """As long as there are words here, the platform's deletion takes them away."""
    scenario, end = closed_session()
    with pytest.raises(Poison) as refused:
        scenario.edit("m3", "no never", end + DAY + 1)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    scenario.delete("m3", end + DAY + 1)
    assert "will not help" not in scenario.stored_text


def test_closing_again_for_late_messages_does_not_move_the_windows() -> None:
    """A trickle of late messages cannot keep a session within reach for ever."""
    scenario, end = closed_session()
    scenario.client("late", end + 29 * MINUTE, sent=15)
    scenario.tick(end + 29 * MINUTE + 2)
    assert scenario.revisions[-1] == (2, "closed")
    scenario.client("newer", end + 31 * MINUTE)
    assert scenario.last_record.state is SessionState.CLOSED
    assert scenario.conversation.open_session == "m6"


def test_text_goes_when_nothing_can_change_any_more() -> None:
    """A day after the close; the session's bounds are remembered a week longer, to know a late message by."""
    scenario, end = closed_session()
    scenario.tick(end + DAY - 1)
    assert "will not help" in scenario.stored_text
    scenario.tick(end + DAY)
    assert scenario.conversation.segments == {}
    assert "will not help" not in scenario.stored_text
    assert scenario.head.sessions[0].ended_at == at_second(end)
    scenario.tick(end + 8 * DAY)
    assert scenario.conversation.is_empty


def test_a_session_that_was_too_long_takes_no_late_messages() -> None:
    """It is left out in any case, and must not grow."""
    scenario = Scenario()
    for number in range(MAX_MESSAGES):
        scenario.say_without_restart(number)
    with pytest.raises(Poison) as refused:
        scenario.client("late", MAX_MESSAGES + 1, sent=5)
    assert refused.value.reason is DeadLetterReason.TOO_LATE


def test_how_late_a_tick_comes_changes_nothing() -> None:
    """After an outage of hours a message reopens only what it would have reopened without the outage."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.tick(last + 5 * IDLE)
    assert scenario.last_record.closed_at == at_second(last + IDLE)
    scenario.client("hello", last + 5 * IDLE + 1)
    assert scenario.revisions == [(1, "closed")]
