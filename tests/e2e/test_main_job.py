"""A chat comes in; feedback on its resistance moments lands in the supervisor queue after the session."""

import re
import time

import httpx

from tests.e2e.conversations import CALM, RESISTANT, talk
from tests.fixtures.system import System, wait_until


def test_a_session_with_resistance_ends_as_feedback_in_the_queue(system: System) -> None:
    """From a signed webhook to a row with an assessment of one exchange."""
    room = system.platform()
    talk(room, RESISTANT)
    room.end()
    wait_until(room.sessions, "the session is stored")
    (session,) = room.sessions()
    assert session["left_out"] is None
    assert session["end_reason"] == "explicit"
    answers = system.rows("SELECT count(*) FROM answers WHERE session_id = :s", s=session["session_id"])
    assert answers == [(1,)]


def test_a_session_without_resistance_is_accounted_for_too(system: System) -> None:
    """Left out, with its reason."""
    room = system.platform()
    talk(room, CALM)
    room.end()
    wait_until(room.sessions, "the session is stored")
    assert room.sessions()[0]["left_out"] == "no_resistance"


def test_silence_ends_a_session(system: System) -> None:
    """After the idle limit of broker time, without any event from the platform."""
    room = system.platform()
    talk(room, RESISTANT)
    wait_until(room.sessions, "the session is closed by silence and stored")
    assert room.sessions()[0]["end_reason"] == "idle"


def test_nothing_exists_of_an_open_session(system: System) -> None:
    """No row, no record of it, no call to the model, while messages keep coming."""
    room = system.platform()
    calls = model_calls(system)
    for _ in range(6):  # each round is shorter than the idle limit, all together are longer
        talk(room, RESISTANT[:5])
        time.sleep(1)
        assert room.sessions() == []
    assert model_calls(system) == calls
    room.end()
    wait_until(room.sessions, "the session is stored after its end")
    assert model_calls(system) > calls


def test_a_weekly_conversation_of_three_sessions_gives_three_sets_of_feedback(system: System) -> None:
    """None supersedes another, though all have one conversation."""
    room = system.platform()
    for week in (1, 2, 3):
        talk(room, RESISTANT)
        room.end()
        wait_until(lambda week=week: len(room.sessions()) == week, f"session {week} is stored")  # type: ignore[misc]
        time.sleep(1.5)  # longer than the reopening window of this system
    sessions = room.sessions()
    assert [session["revision"] for session in sessions] == [1, 1, 1]
    for session in sessions:
        current = system.rows(
            "SELECT count(*) FROM answers WHERE session_id = :s AND superseded_by IS NULL", s=session["session_id"]
        )
        assert current == [(1,)]


def test_a_withdrawal_leaves_nothing_of_its_session(system: System) -> None:
    """The session is accounted for, without a word of it."""
    room = system.platform()
    talk(room, RESISTANT)
    room.end()
    wait_until(room.sessions, "the session is stored")
    room.withdraw()
    wait_until(lambda: room.sessions()[0]["left_out"] == "no_consent", "the withdrawal has arrived")
    (session,) = room.sessions()
    for table in ("messages", "exchanges", "answers"):
        assert system.rows(f"SELECT count(*) FROM {table} WHERE session_id = :s", s=session["session_id"]) == [(0,)]


def test_text_without_consent_goes_nowhere(system: System) -> None:
    """It is answered and counted, and no session begins with it."""
    room = system.platform()
    for role, words in RESISTANT:
        room.say(role, words, consent=False)
    room.end()
    other = system.platform()
    talk(other, CALM)
    other.end()
    wait_until(other.sessions, "a later session is stored")
    assert room.sessions() == []


def model_calls(system: System) -> int:
    """Inferences that Triton has counted for the baseline. The worker asks its canary at the start and in trouble."""
    answer = httpx.get(system.triton.metrics_url, trust_env=False)
    counted = re.findall(
        r'^nv_inference_request_success\{[^}]*"feedback_baseline"[^}]*\} (\S+)$', answer.text, re.MULTILINE
    )
    return int(float(counted[0]))
