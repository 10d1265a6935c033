"""A closed session takes late messages and changes, and reopens, each within its window."""

import pytest

from stream.contracts.messages import Deletion, Edit
from stream.contracts.vocabulary import EndReason, LeftOut, SessionState
from stream.sessions.rules import MAX_MESSAGES, MAX_TEXT_BYTES
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, rules

IDLE = 30 * MINUTE


def closed_session(second: float = 0) -> tuple[Scenario, float]:
    """Return a scenario with a session that the platform ended, and the second of its end."""
    scenario = Scenario()
    end = scenario.ordinary_session(second) + 5
    scenario.end(end)
    return scenario, end


def test_a_message_that_its_end_overtook_joins_its_session_which_closes_again() -> None:
    """A message within ten seconds of broker time after an explicit end joins the closed session.

    The session closes again two seconds later, with the message in the order of the senders' times.
    """
    scenario, end = closed_session()
    scenario.client("no I forgot to say something", end + 10, sent=15)
    scenario.tick(end + 11)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 12)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    first, second = scenario.records
    assert second.counts.messages == first.counts.messages + 1
    assert second.session_id == first.session_id
    assert second.end_reason is EndReason.EXPLICIT
    assert second.ended_at == first.ended_at
    assert second.last_appended_at == at_second(end + 10)
    assert [m.message_id for m in second.messages] == ["m1", "m2", "m5", "m3", "m4"]


def test_a_burst_of_late_messages_makes_one_revision() -> None:
    """Several late messages make one revision, two seconds after the last of them."""
    scenario, end = closed_session()
    for step in range(5):
        scenario.client("and one more thing", end + 1 + step, sent=15 + step)
        scenario.tick(end + 2 + step)
    assert scenario.revisions == [(1, "closed")]
    scenario.tick(end + 7)
    assert scenario.revisions == [(1, "closed"), (2, "closed")]
    scenario.tick(end + 120)
    assert len(scenario.records) == 2


@pytest.mark.parametrize("sent", [-DAY, 15, 35, 60, 2 * DAY])
def test_a_later_message_reopens_the_session_whatever_its_sender_says(sent: float) -> None:
    """A message that comes later than ten seconds after the end reopens the session, whatever time it claims.

    A slow clock would otherwise make a talk that goes on look late, and it would be assessed while it goes on.
    """
    scenario, end = closed_session()
    scenario.client("no I am still here", end + 11, sent=sent)
    assert scenario.revisions == [(1, "closed"), (1, "reopened")]
    scenario.tick(end + 11 + IDLE - 1)
    assert len(scenario.records) == 2
    scenario.tick(end + 11 + IDLE)
    assert scenario.revisions[-1] == (2, "closed")


def test_no_message_is_late_for_a_session_that_ended_by_itself() -> None:
    """A message that comes after the idle limit reopens its session, since no event overtook it."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.tick(last + IDLE)
    scenario.client("no wait", last + IDLE + 1, sent=last)
    assert scenario.revisions == [(1, "closed"), (1, "reopened")]


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


@pytest.mark.parametrize("sent", [-DAY, 17, 2 * DAY])
def test_a_message_belongs_to_the_open_session_whatever_its_sender_says(sent: float) -> None:
    """A message that comes while a session is open belongs to it, even if it claims to be of the session before."""
    scenario, end = closed_session()
    scenario.client("hello again", end + 40 * MINUTE)
    scenario.client("no this is not what I came for", end + 41 * MINUTE, sent=sent)
    scenario.tick(end + 42 * MINUTE)
    assert scenario.revisions == [(1, "closed")]
    scenario.end(end + 43 * MINUTE)
    assert scenario.last_record.counts.messages == 2


def test_a_late_message_before_a_reopening_is_in_the_next_revision() -> None:
    """A late message is in the next revision also if its session reopens before it closes again."""
    scenario, end = closed_session()
    scenario.client("late", end + 10)
    scenario.client("newer", end + 11)
    scenario.end(end + 13)
    assert scenario.revisions == [(1, "closed"), (1, "reopened"), (2, "closed")]
    assert scenario.last_record.counts.messages == 6


def test_changes_after_the_text_is_gone_are_passed_on() -> None:
    """A day after the close, a deletion and an edit are passed on to the stages that may hold the message.

    While the text is still here, they change it.
    """
    scenario, end = closed_session()
    scenario.edit("m3", "no never", end + DAY - 1)
    scenario.delete("m1", end + DAY - 1)
    scenario.tick(end + DAY + 1)
    assert [each.revision for each in scenario.records] == [1, 2]
    scenario.tick(end + DAY + 2)
    assert scenario.conversation.segments == {}
    scenario.edit("m3", "no not ever", end + DAY + 10)
    scenario.delete("m3", end + DAY + 11)
    edit, deletion = scenario.published[-2:]
    assert isinstance(edit, Edit)
    assert isinstance(deletion, Deletion)
    assert (edit.message_id, edit.text, deletion.message_id) == ("m3", "no not ever", "m3")


def test_closing_again_for_late_messages_does_not_move_the_windows() -> None:
    """Closing again does not move the windows, so that late messages cannot keep a session reachable for ever."""
    scenario, end = closed_session()
    scenario.client("late", end + 9)
    scenario.tick(end + 11)
    assert scenario.revisions[-1] == (2, "closed")
    scenario.client("newer", end + 30 * MINUTE + 1)
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


def test_a_session_that_was_too_long_loses_its_text_at_once() -> None:
    """A session that was too long loses its text with its close, and the next message begins another session.

    Nobody reads it, and several of them would fill the memory.
    """
    scenario = Scenario()
    for number in range(MAX_MESSAGES):
        scenario.say_without_restart(number)
    assert scenario.conversation.segments == {}
    scenario.client("and another thing", MAX_MESSAGES + 1, message_id="after")
    assert scenario.conversation.open_session == "after"
    assert scenario.revisions == [(1, "closed")]


def test_a_session_has_a_bound_in_bytes_too() -> None:
    """A session with as many bytes of text as a session may have closes as too long, also when an edit brings them."""
    scenario = Scenario()
    long_text = "\U0001f600" * 20_000
    for number in range(MAX_TEXT_BYTES // len(long_text.encode()) - 1):
        scenario.client(long_text, number)
    scenario.client("no more", 100, message_id="short")
    assert scenario.records == []
    scenario.edit("short", long_text, 101)
    assert scenario.last_record.left_out is LeftOut.TOO_LONG
    assert scenario.conversation.segments == {}


def test_a_late_tick_changes_nothing() -> None:
    """A tick that comes hours late closes the session as of the idle limit, so that a message then reopens nothing."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.tick(last + 5 * IDLE)
    assert scenario.last_record.closed_at == at_second(last + IDLE)
    scenario.client("hello", last + 5 * IDLE + 1)
    assert scenario.revisions == [(1, "closed")]
