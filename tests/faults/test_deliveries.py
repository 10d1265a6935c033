"""Deliveries come twice, in any order, late, too late, too many, too large, or take consent back at any point."""

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from stream.contracts.topics import MAX_RECORD_BYTES, SESSIONS
from tests.e2e.conversations import RESISTANT, talk
from tests.faults.accounting import read_topics
from tests.fixtures.system import Platform, System, wait_until

ROOMS, ROOMS_LONG = 6, 60
EDITED = "I don't know. My sleep perhaps, that has been bad lately."


def events(began: datetime) -> list[dict[str, Any]]:
    """A whole conversation as a platform delivers it, an edit and a deletion among it; a second between messages."""
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
    return [*said, edit, {"type": "deletion", "message_id": "m-2", "deleted_at": at}]


def stored(room: Platform, revision: int = 1) -> dict[str, Any]:
    """Wait for a revision of the room's one session, and return its row."""
    wait_until(lambda: room.sessions() and room.sessions()[0]["revision"] >= revision, f"revision {revision} is stored")
    (session,) = room.sessions()
    assert session["revision"] == revision
    return session


def account(room: Platform) -> tuple[Any, ...]:
    """What does not depend on where ids begin: counts, exchanges by their messages, how many answers."""
    session = stored(room)
    exchanges = room.system.rows(
        "SELECT context, client_turn, reply FROM exchanges WHERE session_id = :s ORDER BY position",
        s=session["session_id"],
    )
    answers = room.system.rows("SELECT count(*) FROM answers WHERE session_id = :s", s=session["session_id"])
    return session["counts"], session["left_out"], exchanges, answers


def is_withdrawn(room: Platform) -> bool:
    """Whether the queue knows that its session must not be used."""
    return bool(room.sessions()[0]["left_out"] == "no_consent")


@pytest.mark.fault("duplicate and shuffled deliveries", holds="the rows of the calm delivery")
def test_shuffled_and_doubled_deliveries_change_nothing(
    system: System, figures: dict[str, str], long: bool, seed: int
) -> None:
    """Each event of a conversation twice, an edit and a deletion among them, in an order that a seed decides.

    The scores are left out of the comparison: the detector reads a client's words with the counsellor's turn that had
    arrived before them.
    """
    order = random.Random(seed)
    began = datetime.now(UTC)
    calm = system.platform()
    stormy = [system.platform() for _ in range(ROOMS_LONG if long else ROOMS)]
    for event in events(began):
        calm.deliver(**event)
    for room in stormy:
        # The first message names the session: whatever else comes first, it is the same moment in all of them.
        for event in order.sample(events(began) * 2, k=2 * len(events(began))):
            room.deliver(**event)
    for room in (calm, *stormy, *stormy):
        room.deliver(type="session_end", ended_at=(began + timedelta(seconds=40)).isoformat())
    expected = account(calm)
    assert expected[0]["messages"] == len(RESISTANT) - 1
    assert [account(room) for room in stormy] == [expected] * len(stormy)
    figures["orders tried"] = str(len(stormy))


@pytest.mark.fault("consent withdrawn at every point of a session and after its close", holds="nothing of it stays")
def test_wherever_consent_is_withdrawn_nothing_stays(system: System, figures: dict[str, str]) -> None:
    """A withdrawal after each message of a conversation, and after its end once it is stored and rated."""
    rooms = {index: system.platform() for index in range(len(RESISTANT) + 1)}
    for index, room in rooms.items():
        talk(room, RESISTANT[:index])
        room.withdraw()
        talk(room, RESISTANT[index:])
        room.end()
    after = system.platform()
    talk(after, RESISTANT)
    after.end()
    assert stored(after)["left_out"] is None
    after.withdraw()
    before_it_began = stored(rooms.pop(0))
    assert before_it_began["left_out"] is None, "consent given after a withdrawal counts for what is said from then on"
    for room in (*rooms.values(), after):
        wait_until(room.sessions, "the session is accounted for")
        wait_until(partial(is_withdrawn, room), "as withdrawn")
        (session,) = room.sessions()
        for table in ("messages", "exchanges", "answers"):
            query = f"SELECT count(*) FROM {table} WHERE session_id = :s"
            assert system.rows(query, s=session["session_id"]) == [(0,)], table
    figures["points of withdrawal"] = str(len(rooms) + 2)


@pytest.mark.fault("a late message after the close; a session reopened", holds="the next revision; hidden while open")
def test_what_comes_after_the_close_makes_the_next_revision(system: System) -> None:
    """A message sent before the end comes after it; then one sent after the end, and another end."""
    room = system.platform()
    began = datetime.now(UTC)
    talk(room, RESISTANT)
    room.end()
    stored(room)
    room.say("counsellor", "I forgot to ask about your sleep.", sent_at=began.isoformat())
    late = stored(room, revision=2)
    assert (late["state"], late["counts"]["messages"]) == ("closed", len(RESISTANT) + 1)
    room.say("client", "One more thing before I go.")
    wait_until(lambda: room.sessions()[0]["state"] == "reopened", "the session is open again, and hidden")
    room.end()
    again = stored(room, revision=3)
    assert (again["state"], again["counts"]["messages"]) == ("closed", len(RESISTANT) + 2)
    current = system.rows(
        "SELECT count(*) FROM answers WHERE session_id = :s AND superseded_by IS NULL", s=again["session_id"]
    )
    assert current == [(1,)]


@pytest.mark.fault("a session record over the size limit", holds="it is cut to 900 kB, and says what it left out")
def test_a_session_too_large_for_one_record_is_cut_and_says_so(system: System, figures: dict[str, str]) -> None:
    """Long messages of 45 kB each: 1.6 MB that the three moments shown would need."""
    room = system.platform()
    padding = "\u2026" * 15_000
    for role, words in RESISTANT * 7:
        room.say(role, words + padding)
    room.end()
    session = stored(room)
    counts = session["counts"]
    assert counts["messages"] == len(RESISTANT) * 7
    assert counts["exchanges_dropped_for_size"] + counts["context_dropped_for_size"] > 0
    sizes = [one.size for one in read_topics(system.settings) if one.topic == SESSIONS]
    assert max(sizes) <= MAX_RECORD_BYTES + 1_000
    figures["largest session record"] = f"{max(sizes)} bytes"
