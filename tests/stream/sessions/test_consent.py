"""Consent, withdrawal and erasure: what is kept, and what stays nowhere."""

import pytest

from stream.contracts.errors import Poison
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import DeadLetterReason, EndReason, LeftOut, Role, SessionState
from tests.stream.sessions.talk import DAY, MINUTE, Talk, at_second, rules

IDLE = 30 * MINUTE
SECRET = "nobody may ever read this"


def refusal(talk: Talk, text: str, second: float, **changes: object) -> DeadLetterReason:
    """Why a client's message is refused."""
    with pytest.raises(Poison) as refused:
        talk.client(text, second, **changes)
    return refused.value.reason


def test_a_message_without_consent_is_refused_and_kept_nowhere() -> None:
    """Its session is made from the other messages."""
    talk = Talk()
    talk.session()
    assert refusal(talk, SECRET, 35, consent=Consent()) is DeadLetterReason.NO_CONSENT
    assert SECRET not in talk.kept
    talk.end(40)
    assert talk.last.counts.messages == 4
    assert talk.last.consent == Consent(processing=True)


def test_a_grant_counts_for_later_messages_only() -> None:
    """What came before it stays unread, and does not begin the session."""
    talk = Talk()
    refusal(talk, SECRET, 0, consent=Consent())
    talk.session(10)
    talk.end(50)
    assert talk.last.started_at == at_second(10)
    assert talk.last.counts.messages == 4


def test_an_edit_without_consent_is_refused() -> None:
    """New words need consent like the first ones."""
    talk = Talk()
    talk.session()
    with pytest.raises(Poison) as refused:
        talk.edit("m3", SECRET, 35, consent=Consent())
    assert refused.value.reason is DeadLetterReason.NO_CONSENT
    assert SECRET not in talk.kept


def test_consent_to_secondary_use_needs_every_message() -> None:
    """One message without it, and the session has none."""
    both = Consent(processing=True, secondary_use=True)
    talk = Talk()
    talk.client("hello", 0, consent=both)
    talk.counsellor("hello to you", 1, consent=both)
    talk.end(2)
    assert talk.last.consent == both
    other = Talk()
    other.client("hello", 0, consent=both)
    other.counsellor("hello to you", 1)
    other.end(2)
    assert other.last.consent == Consent(processing=True)


def assert_nothing_stays(talk: Talk) -> None:
    """No word, no name, no detector result is kept of a withdrawn session."""
    assert talk.conversation.segments == {}
    assert "slept" not in talk.kept
    assert "Ms Example" not in talk.kept
    assert talk.last.state is SessionState.ERASED
    assert talk.last.left_out is LeftOut.NO_CONSENT
    assert talk.last.end_reason is EndReason.WITHDRAWN
    assert not talk.last.messages
    assert not talk.last.exchanges
    assert not talk.last.marks
    assert not talk.last.known_names
    assert talk.last.counts.messages == 0


def test_a_withdrawal_while_the_session_is_open_is_its_last_word() -> None:
    """The session travels once, as erased; later messages of it are refused until it has ended."""
    talk = Talk()
    talk.meet(Role.COUNSELLOR, ["Ms Example"], 0)
    talk.session()
    talk.withdraw(40)
    assert_nothing_stays(talk)
    assert talk.story == [(1, "erased")]
    assert refusal(talk, SECRET, 50) is DeadLetterReason.NO_CONSENT
    talk.end(60)
    assert refusal(talk, SECRET, 70, sent=55) is DeadLetterReason.NO_CONSENT
    assert talk.story == [(1, "erased")]
    talk.session(100)
    talk.end(140)
    assert talk.story == [(1, "erased"), (1, "closed")]
    assert talk.records[0].session_id != talk.records[1].session_id


def test_a_withdrawn_session_ends_by_silence_too() -> None:
    """Messages that are refused keep it going: it has not ended while people write, whatever the rule."""
    talk = Talk(rules(end_rule="explicit"))
    talk.session()
    talk.withdraw(40)
    for step in range(1, 4):
        assert refusal(talk, SECRET, 40 + step * 29 * MINUTE) is DeadLetterReason.NO_CONSENT
    talk.tick(40 + 3 * 29 * MINUTE + IDLE)
    talk.client("hello, I agree now", 40 + 3 * 29 * MINUTE + IDLE + 1)
    assert talk.story == [(1, "erased")]
    assert talk.conversation.open_session is not None


def test_the_end_of_an_earlier_session_does_not_end_a_withdrawn_one() -> None:
    """Told again after the withdrawal it would let the rest of the session begin a new one."""
    talk = Talk()
    first_end = talk.session() + 5
    talk.end(first_end)
    second = first_end + 2 * IDLE
    talk.client("here again", second)
    talk.withdraw(second + 10)
    talk.end(second + 20, ended=first_end)
    assert refusal(talk, SECRET, second + 30) is DeadLetterReason.NO_CONSENT
    talk.end(second + 40)
    talk.client("a new session", second + 50)
    assert SECRET not in talk.kept
    assert "a new session" in talk.kept


def test_an_edit_may_take_secondary_use_back() -> None:
    """Words that stand may be used for what both the message and its edit allow, in either order."""
    both = Consent(processing=True, secondary_use=True)
    for edit_first in (False, True):
        talk = Talk()
        if edit_first:
            talk.edit("m1", "other words", 0, edited=5)
        talk.client("words", 1, message_id="m1", consent=both)
        if not edit_first:
            talk.edit("m1", "other words", 5)
        talk.end(10)
        assert talk.last.consent == Consent(processing=True)


def test_a_withdrawal_after_the_close_is_the_next_revision() -> None:
    """And the session never opens again."""
    talk = Talk()
    talk.session()
    talk.end(40)
    talk.withdraw(50)
    assert_nothing_stays(talk)
    assert talk.story == [(1, "closed"), (2, "erased")]
    assert talk.records[0].session_id == talk.last.session_id
    assert refusal(talk, SECRET, 60, sent=35) is DeadLetterReason.NO_CONSENT
    talk.client("a new beginning", 70)
    assert talk.story == [(1, "closed"), (2, "erased")]


def test_a_withdrawal_while_reopened_or_about_to_close_again_is_final() -> None:
    """There is no moment at which it does not hold."""
    reopened = Talk()
    reopened.session()
    reopened.end(40)
    reopened.client("one more", 60)
    reopened.withdraw(70)
    assert_nothing_stays(reopened)
    assert reopened.story == [(1, "closed"), (1, "reopened"), (2, "erased")]
    late = Talk()
    late.session()
    late.end(40)
    late.client("late", 60, sent=12)
    late.withdraw(61)
    late.tick(70)
    assert_nothing_stays(late)
    assert late.story == [(1, "closed"), (2, "erased")]


def test_a_withdrawal_concerns_the_latest_session_that_began_before_it() -> None:
    """The one before keeps its feedback; a session that begins after it is not concerned."""
    talk = Talk()
    talk.session()
    talk.end(40)
    talk.session(2 * IDLE)
    talk.withdraw(2 * IDLE + 50)
    talk.end(2 * IDLE + 60)
    assert talk.story == [(1, "closed"), (1, "erased")]
    assert talk.records[0].session_id != talk.last.session_id
    late = Talk()
    late.session()
    late.end(40)
    late.session(2 * IDLE)
    late.withdraw(2 * IDLE + 50, withdrawn=45)
    late.end(2 * IDLE + 60)
    assert late.story == [(1, "closed"), (2, "erased"), (1, "closed")]


def test_a_withdrawal_told_twice_has_one_effect() -> None:
    """Platforms repeat themselves."""
    talk = Talk()
    talk.session()
    talk.withdraw(40)
    talk.withdraw(41, withdrawn=40)
    assert talk.story == [(1, "erased")]


def test_a_withdrawal_without_a_session_here_is_passed_on() -> None:
    """Further down there may be one: before anything began, and when the text has gone from here."""
    talk = Talk()
    talk.withdraw(0)
    assert isinstance(talk.published[-1], ConsentWithdrawal)
    talk.session(10)
    talk.end(50)
    talk.tick(2 * DAY)
    talk.withdraw(2 * DAY + 1)
    assert isinstance(talk.published[-1], ConsentWithdrawal)
    assert talk.story == [(1, "closed")]


def test_what_was_sent_before_a_withdrawal_that_overtook_it_begins_no_session() -> None:
    """A withdrawal may come before the first message that it is about; what is sent after it is heard."""
    talk = Talk()
    talk.withdraw(10)
    assert refusal(talk, SECRET, 11, sent=5) is DeadLetterReason.NO_CONSENT
    assert SECRET not in talk.kept
    talk.client("hello again", 20)
    assert talk.conversation.open_session is not None
    other = Talk()
    other.withdraw(10)
    other.tick(10 + 8 * DAY)
    assert other.conversation.is_empty


def test_an_edit_that_waits_goes_with_the_withdrawal() -> None:
    """And none may wait for a withdrawn session any more."""
    talk = Talk()
    talk.session()
    talk.edit("unknown", SECRET, 35)
    assert SECRET in talk.kept
    talk.withdraw(40)
    assert SECRET not in talk.kept
    with pytest.raises(Poison) as refused:
        talk.edit("m3", SECRET, 45)
    assert refused.value.reason is DeadLetterReason.NO_CONSENT


def test_words_of_an_edit_whose_session_was_withdrawn_do_not_stay() -> None:
    """Its message is gone, so nobody can tell it from one whose message has not come; a new session changes nothing."""
    talk = Talk()
    talk.session()
    talk.withdraw(40)
    talk.end(50)
    talk.client("a new session", 60)
    talk.end(65)
    with pytest.raises(Poison) as refused:
        talk.edit("m1", SECRET, 70)
    assert refused.value.reason is DeadLetterReason.NO_CONSENT
    assert SECRET not in talk.kept


def test_names_told_again_after_a_withdrawal_do_not_come_back() -> None:
    """A crash lets events come again, at the offsets that they had."""
    talk = Talk()
    talk.client("hello", 0)
    talk.meet(Role.CLIENT, ["Leonie"], 1)
    told_at = talk.offset
    talk.withdraw(10)
    talk.offset = told_at - 1
    talk.meet(Role.CLIENT, ["Leonie"], 1)
    assert "Leonie" not in talk.kept


def test_text_that_a_crash_left_of_a_withdrawn_session_goes_at_the_next_tick() -> None:
    """The head says withdrawn, the segments are still there: the worker died between the two."""
    talk = Talk()
    talk.session()
    left = dict(talk.conversation.segments)
    talk.withdraw(40)
    talk.conversation = type(talk.conversation)("acme", "room-1", {0: talk.head, **left})
    assert "slept" in talk.kept
    talk.tick(41)
    assert "slept" not in talk.kept
    assert talk.story == [(1, "erased")]


def test_an_erasure_travels_on_and_leaves_nothing() -> None:
    """Of all sessions of the conversation, open or closed."""
    talk = Talk()
    talk.meet(Role.CLIENT, ["Ms Example"], 0)
    talk.session()
    talk.end(40)
    talk.session(2 * IDLE)
    talk.erase(2 * IDLE + 50)
    assert isinstance(talk.published[-1], Erasure)
    assert talk.conversation.segments == {}
    assert talk.head.sessions == ()
    assert "Ms Example" not in talk.kept
    assert refusal(talk, SECRET, 2 * IDLE + 51, sent=2 * IDLE + 49) is DeadLetterReason.NO_CONSENT
    talk.tick(2 * IDLE + 50 + 8 * DAY)
    assert talk.conversation.is_empty


def test_an_erasure_repeated_after_a_crash_spares_what_has_begun_since() -> None:
    """It stands in the log before it."""
    talk = Talk()
    talk.session()
    talk.erase(40)
    place = talk.offset
    talk.session(50)
    end = talk.offset
    talk.offset = place - 1
    talk.erase(40)
    talk.offset = end
    talk.end(100)
    assert talk.last.counts.messages == 4


def test_after_an_erasure_the_conversation_may_begin_anew() -> None:
    """As the session of its first message after it."""
    talk = Talk()
    talk.session()
    talk.erase(40)
    talk.client("hello", 50)
    assert talk.conversation.open_session == "m5"
