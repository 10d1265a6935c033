"""Consent, withdrawal and erasure: what is kept, and what stays nowhere."""

import pytest

from stream.contracts.errors import Poison
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import DeadLetterReason, EndReason, LeftOut, Role, SessionState
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, rules

IDLE = 30 * MINUTE
SECRET = "nobody may ever read this"


def refusal(scenario: Scenario, text: str, second: float, **changes: object) -> DeadLetterReason:
    """Why a client's message is refused."""
    with pytest.raises(Poison) as refused:
        scenario.client(text, second, **changes)
    return refused.value.reason


def test_a_message_without_consent_is_refused_and_kept_nowhere() -> None:
    """Its session is made from the other messages."""
    scenario = Scenario()
    scenario.ordinary_session()
    assert refusal(scenario, SECRET, 35, consent=Consent()) is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text
    scenario.end(40)
    assert scenario.last_record.counts.messages == 4
    assert scenario.last_record.consent == Consent(processing=True)


def test_a_grant_counts_for_later_messages_only() -> None:
    """What came before it stays unread, and does not begin the session."""
    scenario = Scenario()
    refusal(scenario, SECRET, 0, consent=Consent())
    scenario.ordinary_session(10)
    scenario.end(50)
    assert scenario.last_record.started_at == at_second(10)
    assert scenario.last_record.counts.messages == 4


def test_an_edit_without_consent_is_refused() -> None:
    """New words need consent like the first ones."""
    scenario = Scenario()
    scenario.ordinary_session()
    with pytest.raises(Poison) as refused:
        scenario.edit("m3", SECRET, 35, consent=Consent())
    assert refused.value.reason is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text


def test_consent_to_secondary_use_needs_every_message() -> None:
    """One message without it, and the session has none."""
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


def assert_nothing_stays(scenario: Scenario) -> None:
    """No word, no name, no detector result is kept of a withdrawn session."""
    assert scenario.conversation.segments == {}
    assert "slept" not in scenario.stored_text
    assert "Ms Example" not in scenario.stored_text
    assert scenario.last_record.state is SessionState.ERASED
    assert scenario.last_record.left_out is LeftOut.NO_CONSENT
    assert scenario.last_record.end_reason is EndReason.WITHDRAWN
    assert not scenario.last_record.messages
    assert not scenario.last_record.exchanges
    assert not scenario.last_record.marks
    assert not scenario.last_record.known_names
    assert scenario.last_record.counts.messages == 0


def test_a_withdrawal_while_the_session_is_open_is_its_last_word() -> None:
    """The session travels once, as erased; later messages of it are refused until it has ended."""
    scenario = Scenario()
    scenario.participants(Role.COUNSELLOR, ["Ms Example"], 0)
    scenario.ordinary_session()
    scenario.withdraw(40)
    assert_nothing_stays(scenario)
    assert scenario.revisions == [(1, "erased")]
    assert refusal(scenario, SECRET, 50) is DeadLetterReason.NO_CONSENT
    scenario.end(60)
    assert refusal(scenario, SECRET, 70, sent=55) is DeadLetterReason.NO_CONSENT
    assert scenario.revisions == [(1, "erased")]
    scenario.ordinary_session(100)
    scenario.end(140)
    assert scenario.revisions == [(1, "erased"), (1, "closed")]
    assert scenario.records[0].session_id != scenario.records[1].session_id


def test_a_withdrawn_session_ends_by_silence_too() -> None:
    """Messages that are refused keep it going: it has not ended while people write, whatever the rule."""
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
    """Told again after the withdrawal it would let the rest of the session begin a new one."""
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
    """Words that stand may be used for what both the message and its edit allow, in either order."""
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
    """And the session never opens again."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.withdraw(50)
    assert_nothing_stays(scenario)
    assert scenario.revisions == [(1, "closed"), (2, "erased")]
    assert scenario.records[0].session_id == scenario.last_record.session_id
    assert refusal(scenario, SECRET, 60, sent=35) is DeadLetterReason.NO_CONSENT
    scenario.client("a new beginning", 70)
    assert scenario.revisions == [(1, "closed"), (2, "erased")]


def test_a_withdrawal_while_reopened_or_about_to_close_again_is_final() -> None:
    """There is no moment at which it does not hold."""
    reopened = Scenario()
    reopened.ordinary_session()
    reopened.end(40)
    reopened.client("one more", 60)
    reopened.withdraw(70)
    assert_nothing_stays(reopened)
    assert reopened.revisions == [(1, "closed"), (1, "reopened"), (2, "erased")]
    late = Scenario()
    late.ordinary_session()
    late.end(40)
    late.client("late", 60, sent=12)
    late.withdraw(61)
    late.tick(70)
    assert_nothing_stays(late)
    assert late.revisions == [(1, "closed"), (2, "erased")]


def test_a_withdrawal_concerns_the_latest_session_that_began_before_it() -> None:
    """The one before keeps its feedback; a session that begins after it is not concerned."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.ordinary_session(2 * IDLE)
    scenario.withdraw(2 * IDLE + 50)
    scenario.end(2 * IDLE + 60)
    assert scenario.revisions == [(1, "closed"), (1, "erased")]
    assert scenario.records[0].session_id != scenario.last_record.session_id
    late = Scenario()
    late.ordinary_session()
    late.end(40)
    late.ordinary_session(2 * IDLE)
    late.withdraw(2 * IDLE + 50, withdrawn=45)
    late.end(2 * IDLE + 60)
    assert late.revisions == [(1, "closed"), (2, "erased"), (1, "closed")]


def test_a_withdrawal_told_twice_has_one_effect() -> None:
    """Platforms repeat themselves."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.withdraw(40)
    scenario.withdraw(41, withdrawn=40)
    assert scenario.revisions == [(1, "erased")]


def test_a_withdrawal_without_a_session_here_is_passed_on() -> None:
    """Further down there may be one: before anything began, and when the text has gone from here."""
    scenario = Scenario()
    scenario.withdraw(0)
    assert isinstance(scenario.published[-1], ConsentWithdrawal)
    scenario.ordinary_session(10)
    scenario.end(50)
    scenario.tick(2 * DAY)
    scenario.withdraw(2 * DAY + 1)
    assert isinstance(scenario.published[-1], ConsentWithdrawal)
    assert scenario.revisions == [(1, "closed")]


def test_what_was_sent_before_a_withdrawal_that_overtook_it_begins_no_session() -> None:
    """A withdrawal may come before the first message that it is about; what is sent after it is heard."""
    scenario = Scenario()
    scenario.withdraw(10)
    assert refusal(scenario, SECRET, 11, sent=5) is DeadLetterReason.NO_CONSENT
    assert SECRET not in scenario.stored_text
    scenario.client("hello again", 20)
    assert scenario.conversation.open_session is not None
    other = Scenario()
    other.withdraw(10)
    other.tick(10 + 8 * DAY)
    assert other.conversation.is_empty


def test_an_edit_that_waits_goes_with_the_withdrawal() -> None:
    """And none may wait for a withdrawn session any more."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.edit("unknown", SECRET, 35)
    assert SECRET in scenario.stored_text
    scenario.withdraw(40)
    assert SECRET not in scenario.stored_text
    with pytest.raises(Poison) as refused:
        scenario.edit("m3", SECRET, 45)
    assert refused.value.reason is DeadLetterReason.NO_CONSENT


def test_words_of_an_edit_whose_session_was_withdrawn_do_not_stay() -> None:
    """Its message is gone, so nobody can tell it from one whose message has not come; a new session changes nothing."""
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


def test_names_told_again_after_a_withdrawal_do_not_come_back() -> None:
    """A crash lets events come again, at the offsets that they had."""
    scenario = Scenario()
    scenario.client("hello", 0)
    scenario.participants(Role.CLIENT, ["Leonie"], 1)
    told_at = scenario.offset
    scenario.withdraw(10)
    scenario.offset = told_at - 1
    scenario.participants(Role.CLIENT, ["Leonie"], 1)
    assert "Leonie" not in scenario.stored_text


def test_text_that_a_crash_left_of_a_withdrawn_session_goes_at_the_next_tick() -> None:
    """The head says withdrawn, the segments are still there: the worker died between the two."""
    scenario = Scenario()
    scenario.ordinary_session()
    left = dict(scenario.conversation.segments)
    scenario.withdraw(40)
    scenario.conversation = type(scenario.conversation)("acme", "room-1", {0: scenario.head, **left})
    assert "slept" in scenario.stored_text
    scenario.tick(41)
    assert "slept" not in scenario.stored_text
    assert scenario.revisions == [(1, "erased")]


def test_an_erasure_travels_on_and_leaves_nothing() -> None:
    """Of all sessions of the conversation, open or closed."""
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


def test_an_erasure_repeated_after_a_crash_spares_what_has_begun_since() -> None:
    """It stands in the log before it."""
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


def test_after_an_erasure_the_conversation_may_begin_anew() -> None:
    """As the session of its first message after it."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.erase(40)
    scenario.client("hello", 50)
    assert scenario.conversation.open_session == "m5"
