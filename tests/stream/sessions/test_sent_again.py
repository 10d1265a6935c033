"""A message that a platform sends again has no effect, also when its text is no longer here.

Whether the sender's clock is right or wrong makes no difference, since the message is known by its id.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.errors import Poison
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.sessions.conversation import Conversation
from stream.sessions.id_hashes import MAX_HASHES
from stream.sessions.lifecycle import apply_tick
from stream.sessions.rules import Arrival
from stream.sessions.state import HEAD_NUMBER, Head, Segment
from tests.stream.sessions.scenario import DAY, HOUR, MINUTE, ROOM, TENANT, Scenario, broker_ms
from tests.stream.sessions.test_person_erasure import erase_person

IDLE = 30 * MINUTE
WORDS = "hello I have slept badly again this week"

End = Callable[[Scenario], None]


def withdraw_after_the_close(scenario: Scenario) -> None:
    """End the session, then withdraw the client's consent."""
    scenario.end(35)
    scenario.withdraw(40)


REMOVED: dict[str, End] = {
    "withdrawn": lambda scenario: scenario.withdraw(40),
    "withdrawn after the close": withdraw_after_the_close,
    "erased": lambda scenario: scenario.erase(40),
    "client erased": lambda scenario: erase_person(scenario, "client", 40),
    "counsellor erased": lambda scenario: erase_person(scenario, "counsellor", 40, Role.COUNSELLOR),
}
"""What may remove a session, by name."""


def send_again(scenario: Scenario, number: int, second: float, sent: float | None = None) -> DeadLetterReason | None:
    """Send a message of the ordinary session again; return the reason if it is refused."""
    try:
        scenario.client(WORDS, second, message_id=f"m{number}", sent=second if sent is None else sent)
    except Poison as refused:
        return refused.reason
    return None


@pytest.mark.parametrize("removed", REMOVED)
@settings(max_examples=25)
@given(number=st.integers(1, 4), later=st.integers(0, 7 * DAY), clock=st.sampled_from((0, -5 * MINUTE, 90, -DAY)))
def test_what_was_removed_does_not_come_back_by_a_second_delivery(
    removed: str, number: int, later: int, clock: int
) -> None:
    """A message of a withdrawn or erased session that is sent again within a week leaves nothing, by any clock."""
    scenario = Scenario()
    scenario.ordinary_session()
    REMOVED[removed](scenario)
    scenario.tick(41)
    before = len(scenario.published)
    scenario.tick(41 + later)
    send_again(scenario, number, 41 + later, 41 + later + clock)
    scenario.tick(41 + later + 2 * IDLE)
    assert "slept" not in scenario.stored_text
    assert len(scenario.published) == before


def test_it_is_refused_as_a_message_without_consent() -> None:
    """A withdrawn message that comes again is refused with the reason of one without consent."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.withdraw(40)
    assert send_again(scenario, 2, HOUR) is DeadLetterReason.NO_CONSENT


def test_a_new_message_after_a_withdrawal_is_taken() -> None:
    """A client who consents again begins a new session with a new message, beside old ones that come again."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.withdraw(40)
    scenario.tick(HOUR)
    scenario.ordinary_session(HOUR + 10)
    send_again(scenario, 3, HOUR + 50)
    scenario.end(HOUR + 60)
    assert scenario.last_record.counts.messages == 4


def test_what_was_refused_after_a_withdrawal_is_refused_again() -> None:
    """A message that was refused in a withdrawn session is refused again once that session has ended."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.withdraw(40)
    assert send_again(scenario, 5, 50) is DeadLetterReason.NO_CONSENT
    scenario.end(60)
    assert send_again(scenario, 6, 65, sent=39) is DeadLetterReason.NO_CONSENT
    for number in (5, 6):
        assert send_again(scenario, number, 2 * HOUR) is DeadLetterReason.NO_CONSENT
    assert "slept" not in scenario.stored_text


@given(number=st.integers(1, 4), later=st.integers(0, 7 * DAY - 1))
def test_after_the_text_had_its_time_a_second_delivery_begins_no_session(number: int, later: int) -> None:
    """A message of a session whose text was dropped a day after the close is no new message for a week."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.tick(40 + DAY)
    before = scenario.stored_text
    assert "slept" not in before
    assert send_again(scenario, number, 40 + DAY + later) is None
    assert scenario.conversation.open_session is None
    assert scenario.stored_text == before


def test_a_session_that_was_too_long_takes_no_message_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of a session that closed at its bound, and so lost its text at once, begins no session."""
    monkeypatch.setattr("stream.sessions.lifecycle.MAX_MESSAGES", 4)
    scenario = Scenario()
    scenario.ordinary_session()
    assert scenario.conversation.segments == {}
    assert send_again(scenario, 2, 50) is None
    assert scenario.conversation.segments == {}


def test_an_erasure_refuses_what_earlier_sessions_said() -> None:
    """After an erasure, messages of sessions that had lost their text before are refused too."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.tick(2 * DAY)
    scenario.erase(2 * DAY + 10)
    assert send_again(scenario, 2, 2 * DAY + HOUR) is DeadLetterReason.NO_CONSENT


def test_what_is_left_to_recognise_messages_goes_after_a_week() -> None:
    """Nothing is left of a withdrawn conversation eight days later, nor of one that ended."""
    ends: tuple[End, ...] = (*REMOVED.values(), lambda scenario: scenario.end(40))
    for end in ends:
        scenario = Scenario()
        scenario.ordinary_session()
        end(scenario)
        for day in (1, 2, 9, 10):
            scenario.tick(day * DAY + HOUR)
        assert scenario.conversation.is_empty


def test_text_that_a_crash_left_is_remembered_too() -> None:
    """Messages whose text was dropped only after a crash are refused like the others."""
    scenario = Scenario()
    scenario.ordinary_session()
    parts: dict[int, Head | Segment] = dict(scenario.conversation.segments)
    scenario.withdraw(40)
    scenario.conversation.set_head(refused_id_hashes="")  # as if the head had been written without them
    scenario.conversation = Conversation(TENANT, ROOM, {**parts, HEAD_NUMBER: scenario.head})
    list(apply_tick(scenario.conversation, Arrival(scenario.offset, broker_ms(41)), scenario.rules))
    assert send_again(scenario, 2, HOUR) is DeadLetterReason.NO_CONSENT


def test_the_head_of_many_long_sessions_stays_far_below_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The id hashes of all sessions together are limited; those of the oldest sessions are dropped first."""
    monkeypatch.setattr("stream.sessions.conversation.MAX_HASHES", 6)
    scenario = Scenario()
    for day in range(3):
        scenario.ordinary_session(2 * day * DAY)
        scenario.end(2 * day * DAY + 40)
        scenario.tick((2 * day + 1) * DAY + HOUR)
    assert [len(head.id_hashes) // 11 for head in scenario.head.sessions] == [0, 2, 4]
    assert MAX_HASHES * 11 * 2 < 900_000
