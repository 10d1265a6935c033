"""Consent, withdrawal and erasure: which messages are kept, and which are refused or dropped."""

import pytest

from stream.contracts.errors import Poison
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import DeadLetterReason, EndReason, LeftOut, Role, SessionState
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, rules

IDLE = 30 * MINUTE
SECRET = "nobody may ever read this"


def refusal(scenario: Scenario, text: str, second: float, **changes: object) -> DeadLetterReason:
    """Send a client's message that is refused, and return the reason."""
    with pytest.raises(Poison) as refused:
        scenario.client(text, second, **changes)
    return refused.value.reason


def test_a_message_without_consent_is_refused_and_not_stored() -> None:
    """A message without consent is refused and not stored; the session is made from the other messages."""
    scenario = Scenario()
    scenario.ordinary_session()
    assert refusal(scenario, SECRET, 35, consent=Consent()) is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text
    scenario.end(40)
    assert scenario.last_record.counts.messages == 4
    assert scenario.last_record.consent == Consent(processing=True)


def test_consent_counts_for_later_messages_only() -> None:
    """Consent counts only for later messages: the earlier ones are refused and do not begin the session."""
    scenario = Scenario()
    refusal(scenario, SECRET, 0, consent=Consent())
    scenario.ordinary_session(10)
    scenario.end(50)
    assert scenario.last_record.started_at == at_second(10)
    assert scenario.last_record.counts.messages == 4


def test_an_edit_without_consent_is_refused() -> None:
    """An edit needs consent just as the message did."""
    scenario = Scenario()
    scenario.ordinary_session()
    with pytest.raises(Poison) as refused:
        scenario.edit("m3", SECRET, 35, consent=Consent())
    assert refused.value.reason is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text


def test_consent_to_secondary_use_needs_every_message() -> None:
    """A session has consent to secondary use only if each of its messages has it."""
    both = Consent(processing=True, secondary_use=True)
    scenario = Scenario()
    scenario.client("hello", 0, consent=both)
    scenario.counsellor("hello to you", 1, consent=both)
    scenario.end(2)
    assert scenario.last_record.consent == both
    other = Scenario()
    other.client("hello", 0, consent=both)
    other.counsellor("hello to you", 1)
    other.end(2)
    assert other.last_record.consent == Consent(processing=True)


def assert_nothing_is_kept(scenario: Scenario) -> None:
    """Assert that neither the state nor the last record holds text or results of a withdrawn session."""
    assert scenario.conversation.segments == {}
    assert "slept" not in scenario.stored_text
    assert scenario.last_record.state is SessionState.ERASED
    assert scenario.last_record.left_out is LeftOut.NO_CONSENT
    assert scenario.last_record.end_reason is EndReason.WITHDRAWN
    assert not scenario.last_record.messages
    assert not scenario.last_record.exchanges
    assert not scenario.last_record.marks
    assert not scenario.last_record.known_names
    assert scenario.last_record.counts.messages == 0


def test_a_withdrawal_from_an_open_session_is_its_last_record() -> None:
    """A session that is withdrawn while it is open has one record, as erased.

    Later messages of it are refused until it has ended.
    """
    scenario = Scenario()
    scenario.participants(Role.COUNSELLOR, ["Ms Example"], 0)
    scenario.ordinary_session()
    scenario.withdraw(40)
    assert_nothing_is_kept(scenario)
    assert scenario.revisions == [(1, "erased")]
    assert refusal(scenario, SECRET, 50) is DeadLetterReason.NO_CONSENT
    scenario.end(60)
    assert refusal(scenario, SECRET, 69, sent=55) is DeadLetterReason.NO_CONSENT
    assert scenario.revisions == [(1, "erased")]
    scenario.ordinary_session(100)
    scenario.end(140)
    assert scenario.revisions == [(1, "erased"), (1, "closed")]
    assert scenario.records[0].session_id != scenario.records[1].session_id


def test_a_withdrawn_session_closes_when_it_is_idle() -> None:
    """A withdrawn session closes when it is idle, with any rule, and refused messages keep it open.

    It has not ended while people write.
    """
    scenario = Scenario(rules(end_rule="explicit"))
    scenario.ordinary_session()
    scenario.withdraw(40)
    for step in range(1, 4):
        assert refusal(scenario, SECRET, 40 + step * 29 * MINUTE) is DeadLetterReason.NO_CONSENT
    scenario.tick(40 + 3 * 29 * MINUTE + IDLE)
    scenario.client("hello, I agree now", 40 + 3 * 29 * MINUTE + IDLE + 1)
    assert scenario.revisions == [(1, "erased")]
    assert scenario.conversation.open_session is not None


def test_the_end_of_an_earlier_session_does_not_end_a_withdrawn_one() -> None:
    """The end of an earlier session, sent again after a withdrawal, does not end the withdrawn session.

    If it did, the rest of the withdrawn session would begin a new one.
    """
    scenario = Scenario()
    first_end = scenario.ordinary_session() + 5
    scenario.end(first_end)
    second = first_end + 2 * IDLE
    scenario.client("here again", second)
    scenario.withdraw(second + 10)
    scenario.end(second + 20, ended=first_end)
    assert refusal(scenario, SECRET, second + 30) is DeadLetterReason.NO_CONSENT
    scenario.end(second + 40)
    scenario.client("a new session", second + 50)
    assert SECRET not in scenario.stored_text
    assert "a new session" in scenario.stored_text


def test_an_edit_may_take_secondary_use_back() -> None:
    """Secondary use needs the consent of both a message and its edit, in whichever order they come."""
    both = Consent(processing=True, secondary_use=True)
    for edit_first in (False, True):
        scenario = Scenario()
        if edit_first:
            scenario.edit("m1", "other words", 0, edited=5)
        scenario.client("words", 1, message_id="m1", consent=both)
        if not edit_first:
            scenario.edit("m1", "other words", 5)
        scenario.end(10)
        assert scenario.last_record.consent == Consent(processing=True)


def test_a_withdrawal_after_the_close_is_the_next_revision() -> None:
    """A withdrawal after the close is the session's next revision, and the session never reopens."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.withdraw(50)
    assert_nothing_is_kept(scenario)
    assert scenario.revisions == [(1, "closed"), (2, "erased")]
    assert scenario.records[0].session_id == scenario.last_record.session_id
    assert refusal(scenario, SECRET, 59, sent=35) is DeadLetterReason.NO_CONSENT
    scenario.client("a new beginning", 70)
    assert scenario.revisions == [(1, "closed"), (2, "erased")]


def test_a_withdrawal_while_reopened_or_about_to_close_again_is_final() -> None:
    """A withdrawal is final for a reopened session, and for one that is about to close again."""
    reopened = Scenario()
    reopened.ordinary_session()
    reopened.end(40)
    reopened.client("one more", 60)
    reopened.withdraw(70)
    assert_nothing_is_kept(reopened)
    assert reopened.revisions == [(1, "closed"), (1, "reopened"), (2, "erased")]
    late = Scenario()
    late.ordinary_session()
    late.end(40)
    late.client("late", 49, sent=12)
    late.withdraw(50)
    late.tick(70)
    assert_nothing_is_kept(late)
    assert late.revisions == [(1, "closed"), (2, "erased")]


@pytest.mark.parametrize("withdrawn", [-DAY, 20, 45, 2 * IDLE + 50, 2 * DAY])
def test_a_withdrawal_concerns_the_session_at_its_arrival(withdrawn: float) -> None:
    """A withdrawal concerns the session that is open or was the last when it arrives, whatever time it claims."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.ordinary_session(2 * IDLE)
    scenario.withdraw(2 * IDLE + 50, withdrawn=withdrawn)
    scenario.end(2 * IDLE + 60)
    assert scenario.revisions == [(1, "closed"), (1, "erased")]
    assert scenario.records[0].session_id != scenario.last_record.session_id
    closed = Scenario()
    closed.ordinary_session()
    closed.end(40)
    closed.withdraw(50, withdrawn=withdrawn)
    assert_nothing_is_kept(closed)
    assert closed.revisions == [(1, "closed"), (2, "erased")]


def test_a_repeated_withdrawal_has_one_effect() -> None:
    """A withdrawal that the platform sends twice is published once."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.withdraw(40)
    scenario.withdraw(41, withdrawn=40)
    assert scenario.revisions == [(1, "erased")]


def test_a_withdrawal_without_a_session_here_is_passed_on() -> None:
    """A withdrawal is passed on if no session began before it or the text is already dropped.

    Later stages may still hold the session.
    """
    scenario = Scenario()
    scenario.withdraw(0)
    assert isinstance(scenario.published[-1], ConsentWithdrawal)
    scenario.ordinary_session(10)
    scenario.end(50)
    scenario.tick(2 * DAY)
    scenario.withdraw(2 * DAY + 1)
    assert isinstance(scenario.published[-1], ConsentWithdrawal)
    assert scenario.revisions == [(1, "closed")]


def test_a_message_that_a_withdrawal_overtook_begins_no_session() -> None:
    """A message that comes within ten seconds after a withdrawal and claims to be older is refused.

    One that claims to be newer is accepted.
    """
    scenario = Scenario()
    scenario.withdraw(10)
    assert refusal(scenario, SECRET, 19.999, sent=10) is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text
    scenario.client("hello again", 11)
    assert scenario.conversation.open_session is not None
    other = Scenario()
    other.withdraw(10)
    other.tick(10 + 8 * DAY)
    assert other.conversation.is_empty


@pytest.mark.parametrize("sent", [-DAY, 5, 15, 2 * DAY])
@pytest.mark.parametrize("withdrawn", [-DAY, 10, 2 * DAY])
def test_ten_seconds_after_a_withdrawal_no_clock_is_asked(sent: float, withdrawn: float) -> None:
    """A message that comes ten seconds after a withdrawal is accepted with its own consent, whatever both claim."""
    scenario = Scenario()
    scenario.withdraw(10, withdrawn=withdrawn)
    scenario.client("hello again", 20, sent=sent)
    assert scenario.conversation.open_session is not None


def test_a_withdrawal_drops_an_edit_that_waits() -> None:
    """A withdrawal drops an edit that waits for its message, and later edits of the session are refused."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.edit("unknown", SECRET, 35)
    assert SECRET in scenario.stored_text
    scenario.withdraw(40)
    assert SECRET not in scenario.stored_text
    with pytest.raises(Poison) as refused:
        scenario.edit("m3", SECRET, 45)
    assert refused.value.reason is DeadLetterReason.NO_CONSENT


def test_an_edit_whose_session_was_withdrawn_is_refused() -> None:
    """An edit of a message that is not stored is refused once a session was withdrawn, even during a later session.

    Its message may have been in the withdrawn session, or may not have come yet; nothing here can distinguish the two.
    """
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.withdraw(40)
    scenario.end(50)
    scenario.client("a new session", 60)
    scenario.end(65)
    with pytest.raises(Poison) as refused:
        scenario.edit("m1", SECRET, 70)
    assert refused.value.reason is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text


def test_redelivered_names_are_not_stored_after_an_erasure() -> None:
    """Names that are redelivered after an erasure are not stored again.

    A crash makes events come again, at the offsets that they had.
    """
    scenario = Scenario()
    scenario.client("hello", 0)
    scenario.participants(Role.CLIENT, ["Leonie"], 1)
    names_offset = scenario.offset
    scenario.erase(10)
    scenario.offset = names_offset - 1
    scenario.participants(Role.CLIENT, ["Leonie"], 1)
    assert "Leonie" not in scenario.stored_text


def test_the_next_tick_drops_text_that_a_crash_left_of_a_withdrawn_session() -> None:
    """The next tick drops text that a crash left of a withdrawn session.

    The worker died after it wrote the head, and before it deleted the segments.
    """
    scenario = Scenario()
    scenario.ordinary_session()
    left = dict(scenario.conversation.segments)
    scenario.withdraw(40)
    scenario.conversation = type(scenario.conversation)("acme", "room-1", {0: scenario.head, **left})
    assert "slept" in scenario.stored_text
    scenario.tick(41)
    assert "slept" not in scenario.stored_text
    assert scenario.revisions == [(1, "erased")]


def test_an_erasure_is_passed_on_and_drops_everything() -> None:
    """An erasure is passed on and drops all sessions of the conversation, open or closed, and their names."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Ms Example"], 0)
    scenario.ordinary_session()
    scenario.end(40)
    scenario.ordinary_session(2 * IDLE)
    scenario.erase(2 * IDLE + 50)
    assert isinstance(scenario.published[-1], Erasure)
    assert scenario.conversation.segments == {}
    assert scenario.head.sessions == ()
    assert "Ms Example" not in scenario.stored_text
    assert refusal(scenario, SECRET, 2 * IDLE + 51, sent=2 * IDLE + 49) is DeadLetterReason.NO_CONSENT
    scenario.tick(2 * IDLE + 50 + 8 * DAY)
    assert scenario.conversation.is_empty


def test_a_redelivered_erasure_keeps_what_has_begun_since() -> None:
    """An erasure that is redelivered after a crash does not touch messages with a higher offset."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.erase(40)
    place = scenario.offset
    scenario.ordinary_session(50)
    end = scenario.offset
    scenario.offset = place - 1
    scenario.erase(40)
    scenario.offset = end
    scenario.end(100)
    assert scenario.last_record.counts.messages == 4


def test_a_message_after_an_erasure_begins_a_new_session() -> None:
    """The first message after an erasure begins a new session."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.erase(40)
    scenario.client("hello", 50)
    assert scenario.conversation.open_session == "m5"
