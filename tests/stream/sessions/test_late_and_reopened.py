"""A closed session takes late messages and changes, and reopens, each within its window."""

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


def test_a_late_message_joins_its_session_which_closes_again() -> None:
    """A late message joins its closed session, which closes again two seconds of broker time later."""
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
    """Several late messages make one revision, two seconds after the last of them."""
    scenario, end = closed_session()
    for step in range(5):
        scenario.client("and one more thing", end + 60 + step, sent=15 + step)
        scenario.tick(end + 61 + step)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 66)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    scenario.tick(end + 120)
    assert len(scenario.records) == 2


def test_a_message_sent_at_the_end_is_late() -> None:
    """A message sent exactly at the end is late; only one sent after the end reopens the session."""
    scenario, end = closed_session()
    scenario.client("bye", end + 1, sent=end)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 3)
    assert scenario.revisions[-1] == (2, "closed")


def test_an_edit_and_a_deletion_after_the_close_make_the_next_revision() -> None:
    """An edit or a deletion after the close makes a next revision with the text as it is now."""
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
    """A newer message within the reopening window reopens the session.

    A record without text hides the feedback; then the session closes as its next revision, with all messages.
    """
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
    """A reopened session closes when it is idle, even with the rule `explicit`: the platform may send no second end."""
    scenario = Scenario(rules(end_rule="explicit"))
    end = scenario.ordinary_session() + 5
    scenario.end(end)
    scenario.client("one more thing", end + 60)
    scenario.tick(end + 60 + IDLE)
    assert scenario.revisions == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert scenario.last_record.end_reason is EndReason.IDLE


def test_a_repeated_end_does_not_close_a_reopened_session() -> None:
    """An end that the platform sends again does not close the session that has reopened since."""
    scenario, end = closed_session()
    scenario.client("one more thing", end + 60)
    scenario.end(end + 61, ended=end)
    assert scenario.revisions == [(1, "closed"), (1, "reopened")]


def test_a_session_may_reopen_many_times() -> None:
    """A session may reopen many times, and each close is its next revision."""
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
    """A newer message after the reopening window begins a new session, and the first one keeps its feedback."""
    scenario, end = closed_session()
    scenario.client("no hello again", end + 31 * MINUTE)
    assert scenario.revisions == [(1, "closed")]
    scenario.end(end + 32 * MINUTE)
    assert scenario.revisions == [(1, "closed"), (1, "closed")]
    assert scenario.records[0].session_id != scenario.records[1].session_id


def test_a_late_message_joins_its_session_while_the_next_is_open() -> None:
    """A message sent before the end of the old session joins that session while the next one is open."""
    scenario, end = closed_session()
    scenario.client("hello again", end + 40 * MINUTE)
    scenario.client("no this was meant for earlier", end + 41 * MINUTE, sent=17)
    scenario.tick(end + 42 * MINUTE)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    assert scenario.last_record.counts.messages == 5
    assert scenario.conversation.open_session == "m5"


def test_a_late_message_before_a_reopening_is_in_the_next_revision() -> None:
    """A late message is in the next revision also if its session reopens before it closes again."""
    scenario, end = closed_session()
    scenario.client("late", end + 1, sent=12)
    scenario.client("newer", end + 2)
    scenario.end(end + 3)
    assert scenario.revisions == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert scenario.last_record.counts.messages == 6


def test_a_late_message_after_a_day_is_refused() -> None:
    """A message that is a day late is refused as too late, whether or not the text of its session is still kept."""
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
    """A day after the close an edit is refused, but a deletion still removes text that is kept."""
    scenario, end = closed_session()
    with pytest.raises(Poison) as refused:
        scenario.edit("m3", "no never", end + DAY + 1)
    assert refused.value.reason is DeadLetterReason.TOO_LATE
    scenario.delete("m3", end + DAY + 1)
    assert "will not help" not in scenario.stored_text


def test_closing_again_for_late_messages_does_not_move_the_windows() -> None:
    """Closing again does not move the windows, so that late messages cannot keep a session reachable for ever."""
    scenario, end = closed_session()
    scenario.client("late", end + 29 * MINUTE, sent=15)
    scenario.tick(end + 29 * MINUTE + 2)
    assert scenario.revisions[-1] == (2, "closed")
    scenario.client("newer", end + 31 * MINUTE)
    assert scenario.last_record.state is SessionState.CLOSED
    assert scenario.conversation.open_session == "m6"


def test_text_is_dropped_when_nothing_can_change_it_any_more() -> None:
    """The text of a session is dropped a day after its close.

    The session's bounds are kept a week longer, so that a late message is still recognised as late.
    """
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
    """A session that was too long refuses late messages: it is left out in any case, and must not grow."""
    scenario = Scenario()
    for number in range(MAX_MESSAGES):
        scenario.say_without_restart(number)
    with pytest.raises(Poison) as refused:
        scenario.client("late", MAX_MESSAGES + 1, sent=5)
    assert refused.value.reason is DeadLetterReason.TOO_LATE


def test_a_late_tick_changes_nothing() -> None:
    """A tick that comes hours late closes the session as of the idle limit, so that a message then reopens nothing."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.tick(last + 5 * IDLE)
    assert scenario.last_record.closed_at == at_second(last + IDLE)
    scenario.client("hello", last + 5 * IDLE + 1)
    assert scenario.revisions == [(1, "closed")]
