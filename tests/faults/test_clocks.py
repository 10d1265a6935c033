"""A sender's clock decides nothing about rights: sessions, withdrawals and erasures go by the broker's time."""

from datetime import UTC, datetime, timedelta

import pytest

from plugin.database.tables import TombstoneKind
from tests.e2e.conversations import CALM, RESISTANT
from tests.faults.erasing import erase_and_capture_output
from tests.fixtures.system import PlatformConversation, RunningSystem
from tests.fixtures.waiting import wait_until

HOLDS = "the outcome of withdrawal, erasure and closing is that of honest clocks"
SKEWS = {
    "right": timedelta(0),
    "five minutes slow": timedelta(minutes=-5),
    "an hour slow": timedelta(hours=-1),
    "of 1970": timedelta(days=-20_000),
    "a minute fast": timedelta(minutes=1),
}


def claim(skew: timedelta) -> str:
    """Return the time that a clock with this error shows."""
    return (datetime.now(UTC) + skew).isoformat()


def say_all(conversation: PlatformConversation, skew: timedelta) -> None:
    """Send a conversation with one resisting turn from a phone with this clock."""
    for role, words in RESISTANT:
        conversation.say(role, words, sent_at=claim(skew if role == "client" else timedelta(0)))


@pytest.mark.fault("senders' clocks that are wrong", holds=HOLDS)
def test_withdrawals_and_erasures_find_their_session_by_any_clock(system: RunningSystem) -> None:
    """Clients write, withdraw and are erased with clocks that are slow, fast, or of 1970, before and after the end."""
    withdrawn_open, withdrawn_stored, erased = ({name: system.new_conversation() for name in SKEWS} for _ in range(3))
    for name, skew in SKEWS.items():
        for conversation in (withdrawn_open[name], withdrawn_stored[name], erased[name]):
            say_all(conversation, skew)
        withdrawn_open[name].deliver(type="consent_withdrawal", withdrawn_at=claim(skew))
        for conversation in (withdrawn_open[name], withdrawn_stored[name], erased[name]):
            conversation.end()
    for conversation in (*withdrawn_stored.values(), *erased.values()):
        wait_until(conversation.sessions, "the session is stored")
    for name, skew in SKEWS.items():
        withdrawn_stored[name].deliver(type="consent_withdrawal", withdrawn_at=claim(skew))
        screen = erase_and_capture_output(system, TombstoneKind.ERASURE, erased[name].reference)
        assert "NOT DONE" not in screen
        assert erased[name].sessions() == []
    for conversation in (*withdrawn_open.values(), *withdrawn_stored.values()):
        wait_until(
            lambda c=conversation: c.sessions() and c.sessions()[0]["left_out"] == "no_consent",  # type: ignore[misc]
            "the session is withdrawn",
        )
        assert conversation.stored_parts() == {"messages": 0, "exchanges": 0, "answers": 0}


@pytest.mark.fault("senders' clocks that are wrong", holds="nothing of a talk is stored while it goes on")
def test_no_clock_puts_a_talk_that_goes_on_into_an_earlier_session(system: RunningSystem) -> None:
    """A talk ends and the client writes again, with clocks that make the new words look older than that end."""
    rooms = {name: system.new_conversation() for name in SKEWS}
    for conversation in rooms.values():
        say_all(conversation, timedelta(0))
        conversation.end()
    for conversation in rooms.values():
        wait_until(conversation.sessions, "the session is stored")
    closed_at = max(datetime.fromisoformat(room.sessions()[0]["closed_at"]) for room in rooms.values())
    wait_until(lambda: datetime.now(UTC) > closed_at + timedelta(seconds=11), "no message can be late any more")
    for name, conversation in rooms.items():
        for role, words in CALM:
            conversation.say(role, words, sent_at=claim(SKEWS[name]))
    for conversation in rooms.values():
        wait_until(lambda c=conversation: c.sessions()[0]["state"] == "reopened", "it is hidden")  # type: ignore[misc]
        (session,) = conversation.sessions()
        assert session["revision"] == 1, "nothing is closed and assessed while they write"
        conversation.end()
    for conversation in rooms.values():
        wait_until(lambda c=conversation: c.sessions()[0]["revision"] == 2, "it is closed again")  # type: ignore[misc]
