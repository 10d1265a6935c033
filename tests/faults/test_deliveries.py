"""Sessions are stored right when deliveries are doubled, shuffled, late or too large, or consent is withdrawn."""

import random
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from stream.contracts.measures import Absent
from stream.contracts.topics import MAX_RECORD_BYTES, SESSIONS
from stream.sessions.rules import LATE_MS
from tests.e2e.conversations import RESISTANT, send_lines
from tests.faults.accounting import read_topics
from tests.faults.measured import measured_conversations, verify_measured_once, wait_until_all_is_measured
from tests.fixtures.system import PlatformConversation, RunningSystem
from tests.fixtures.waiting import wait_until

CONVERSATIONS, CONVERSATIONS_LONG = 6, 60
DELETED = 2
"""The number of the message that is deleted."""
EDITED = "I don't know. My sleep perhaps, that has been bad lately."


def events(began: datetime) -> list[dict[str, Any]]:
    """Return a conversation as a platform delivers it, with an edit and a deletion, and a second between messages."""
    said = [
        {
            "type": "message",
            "message_id": f"m-{number}",
            "role": role,
            "author": role,
            "text": words,
            "sent_at": (began + timedelta(seconds=number)).isoformat(),
            "consent": {"processing": True},
        }
        for number, (role, words) in enumerate(RESISTANT, start=1)
    ]
    at = (began + timedelta(seconds=30)).isoformat()
    edit = {"type": "edit", "message_id": "m-6", "text": EDITED, "edited_at": at, "consent": {"processing": True}}
    return [*said, edit, {"type": "deletion", "message_id": f"m-{DELETED}", "deleted_at": at}]


def wait_for_revision(conversation: PlatformConversation, revision: int = 1) -> dict[str, Any]:
    """Wait for a revision of the room's one session, and return its row."""
    wait_until(
        lambda: conversation.sessions() and conversation.sessions()[0]["revision"] >= revision,
        f"revision {revision} is stored",
    )
    (session,) = conversation.sessions()
    assert session["revision"] == revision
    return session


def comparable_content(conversation: PlatformConversation) -> tuple[Any, ...]:
    """Return what two deliveries of a conversation must share: counts, reason, exchanges and the number of answers."""
    session = wait_for_revision(conversation)
    exchanges = conversation.system.rows(
        "SELECT context, client_turn, reply FROM exchanges WHERE session_id = :s ORDER BY position",
        s=session["session_id"],
    )
    answers = conversation.system.rows("SELECT count(*) FROM answers WHERE session_id = :s", s=session["session_id"])
    return session["counts"], session["left_out"], exchanges, answers


def is_withdrawn(conversation: PlatformConversation) -> bool:
    """Return whether the conversation's session is left out because its consent was withdrawn."""
    return bool(conversation.sessions()[0]["left_out"] == "no_consent")


@pytest.mark.fault("duplicate and shuffled deliveries", holds="the rows of the calm delivery")
def test_shuffled_and_doubled_deliveries_change_nothing(
    system: RunningSystem, measured: dict[str, str], long: bool, seed: int
) -> None:
    """Each event of a conversation, an edit and a deletion among them, is delivered twice, in an order set by a seed.

    The scores are left out of the comparison: the detector reads a client's words with the counsellor's turn that had
    arrived before them.
    """
    order = random.Random(seed)
    began = datetime.now(UTC)
    calm = system.new_conversation()
    stormy = [system.new_conversation() for _ in range(CONVERSATIONS_LONG if long else CONVERSATIONS)]
    for event in events(began):
        calm.deliver(**event)
    for conversation in stormy:
        # The first message names the session: whatever else comes first, it is the same moment in all of them.
        for event in order.sample(events(began) * 2, k=2 * len(events(began))):
            conversation.deliver(**event)
    for conversation in (calm, *stormy, *stormy):
        conversation.deliver(type="session_end", ended_at=(began + timedelta(seconds=40)).isoformat())
    expected = comparable_content(calm)
    assert expected[0]["messages"] == len(RESISTANT) - 1
    assert [comparable_content(conversation) for conversation in stormy] == [expected] * len(stormy)
    left = [f"m-{number}" for number in range(1, len(RESISTANT) + 1) if number != DELETED]
    verify_measured_once(system, {conversation.conversation_id: left for conversation in (calm, *stormy)})
    measured["orders tried"] = str(len(stormy))


@pytest.mark.fault("consent withdrawn at every point of a session and after its close", holds="nothing of it stays")
def test_wherever_consent_is_withdrawn_nothing_stays(system: RunningSystem, measured: dict[str, str]) -> None:
    """Consent is withdrawn after each message of a conversation, and after its end once it is stored and rated."""
    conversations = {index: system.new_conversation() for index in range(len(RESISTANT) + 1)}
    for index, conversation in conversations.items():
        send_lines(conversation, RESISTANT[:index])
        conversation.withdraw()
        send_lines(conversation, RESISTANT[index:])
        conversation.end()
    after = system.new_conversation()
    send_lines(after, RESISTANT)
    after.end()
    assert wait_for_revision(after)["left_out"] is None
    after.withdraw()
    before_it_began = wait_for_revision(conversations.pop(0))
    assert before_it_began["left_out"] is None, "consent given after a withdrawal counts for what is said from then on"
    for conversation in (*conversations.values(), after):
        wait_until(conversation.sessions, "the session is accounted for")
        wait_until(partial(is_withdrawn, conversation), "as withdrawn")
        assert conversation.stored_parts() == {"messages": 0, "exchanges": 0, "answers": 0}
    wait_until_all_is_measured(system)
    names = [conversation.conversation_id for conversation in (*conversations.values(), after)]
    assert measured_conversations(system, names) == set()
    measured["points of withdrawal"] = str(len(conversations) + 2)


@pytest.mark.fault("a late message after the close; a session reopened", holds="the next revision; hidden while open")
def test_what_comes_after_the_close_makes_the_next_revision(system: RunningSystem) -> None:
    """A message arrives right after the end; then one arrives when nothing can be late any more, and a second end."""
    conversation = system.new_conversation()
    send_lines(conversation, RESISTANT)
    conversation.end()
    conversation.say("counsellor", "I forgot to ask about your sleep.")
    late = wait_for_revision(conversation, revision=2)
    assert (late["state"], late["counts"]["messages"]) == ("closed", len(RESISTANT) + 1)
    time.sleep(LATE_MS / 1000)
    conversation.say("client", "One more thing before I go.")
    wait_until(lambda: conversation.sessions()[0]["state"] == "reopened", "the session is open again, and hidden")
    conversation.end()
    again = wait_for_revision(conversation, revision=3)
    assert (again["state"], again["counts"]["messages"]) == ("closed", len(RESISTANT) + 2)
    assert conversation.current_answers() == [1]
    verify_measured_once(system, {conversation.conversation_id: [f"m-{n}" for n in range(1, conversation.sent + 1)]})


@pytest.mark.fault("a session record over the size limit", holds="it is cut to 900 kB, and says what it left out")
def test_a_session_too_large_for_one_record_is_cut_and_says_so(system: RunningSystem, measured: dict[str, str]) -> None:
    """A session has messages of 45 kB each, so that the three moments shown would need 1.6 MB."""
    conversation = system.new_conversation()
    padding = "\u2026" * 15_000
    for role, words in RESISTANT * 7:
        conversation.say(role, words + padding)
    conversation.end()
    session = wait_for_revision(conversation)
    counts = session["counts"]
    assert counts["messages"] == len(RESISTANT) * 7
    assert counts["exchanges_dropped_for_size"] + counts["context_dropped_for_size"] > 0
    sizes = [one.size for one in read_topics(system.settings) if one.topic == SESSIONS]
    assert max(sizes) <= MAX_RECORD_BYTES + 1_000
    measured["largest session record"] = f"{max(sizes)} bytes"
    reason = "SELECT absent FROM measures WHERE conversation_id = :c"
    wait_until(lambda: system.rows(reason, c=conversation.conversation_id), "it is said why it is not measured")
    assert system.rows(reason, c=conversation.conversation_id) == [(Absent.TOO_LONG,)]
