"""Feedback on the resistance moments of a chat is in the supervisor queue after the session has ended."""

import re
import time

import httpx

from tests.e2e.conversations import CALM, RESISTANT, send_lines
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import wait_until


def test_a_session_with_resistance_ends_as_feedback_in_the_queue(system: RunningSystem) -> None:
    """A session with resistance, sent by signed webhooks, becomes a row with an assessment of one exchange."""
    conversation = system.new_conversation()
    send_lines(conversation, RESISTANT)
    conversation.end()
    wait_until(conversation.sessions, "the session is stored")
    (session,) = conversation.sessions()
    assert session["left_out"] is None
    assert session["end_reason"] == "explicit"
    assert conversation.stored_parts()["answers"] == 1


def test_a_session_without_resistance_is_accounted_for_too(system: RunningSystem) -> None:
    """A session without resistance is stored as left out, with its reason."""
    conversation = system.new_conversation()
    send_lines(conversation, CALM)
    conversation.end()
    wait_until(conversation.sessions, "the session is stored")
    assert conversation.sessions()[0]["left_out"] == "no_resistance"


def test_silence_ends_a_session(system: RunningSystem) -> None:
    """A session ends after the idle limit of broker time, without any event from the platform."""
    conversation = system.new_conversation()
    send_lines(conversation, RESISTANT)
    wait_until(conversation.sessions, "the session is closed by silence and stored")
    assert conversation.sessions()[0]["end_reason"] == "idle"


def test_nothing_exists_of_an_open_session(system: RunningSystem) -> None:
    """An open session has no row and causes no call to the model, while messages keep coming."""
    conversation = system.new_conversation()
    calls = model_calls(system)
    for _ in range(6):  # each round is shorter than the idle limit, all together are longer
        send_lines(conversation, RESISTANT[:5])
        time.sleep(1)
        assert conversation.sessions() == []
    assert model_calls(system) == calls
    conversation.end()
    wait_until(conversation.sessions, "the session is stored after its end")
    assert model_calls(system) > calls


def test_a_weekly_conversation_of_three_sessions_gives_three_sets_of_feedback(system: RunningSystem) -> None:
    """Three sessions of one conversation have three answers, and none supersedes another."""
    conversation = system.new_conversation()
    for week in (1, 2, 3):
        send_lines(conversation, RESISTANT)
        conversation.end()
        wait_until(lambda week=week: len(conversation.sessions()) == week, f"session {week} is stored")  # type: ignore[misc]
        time.sleep(1.5)  # longer than the reopening window of this system
    sessions = conversation.sessions()
    assert [session["revision"] for session in sessions] == [1, 1, 1]
    assert conversation.current_answers() == [1, 1, 1]


def test_a_withdrawal_leaves_nothing_of_its_session(system: RunningSystem) -> None:
    """After a withdrawal the session's row stays, as left out, without messages, exchanges and answers."""
    conversation = system.new_conversation()
    send_lines(conversation, RESISTANT)
    conversation.end()
    wait_until(conversation.sessions, "the session is stored")
    conversation.withdraw()
    wait_until(lambda: conversation.sessions()[0]["left_out"] == "no_consent", "the withdrawal has arrived")
    assert conversation.stored_parts() == {"messages": 0, "exchanges": 0, "answers": 0}


def test_text_without_consent_goes_nowhere(system: RunningSystem) -> None:
    """Messages without consent are accepted, and no session begins with them."""
    conversation = system.new_conversation()
    for role, words in RESISTANT:
        conversation.say(role, words, consent=False)
    conversation.end()
    other = system.new_conversation()
    send_lines(other, CALM)
    other.end()
    wait_until(other.sessions, "a later session is stored")
    assert conversation.sessions() == []


def model_calls(system: RunningSystem) -> int:
    """Return how many inferences Triton has counted for the baseline.

    The worker also asks its canary, at the start and while the model fails.
    """
    answer = httpx.get(system.triton.metrics_url, trust_env=False)
    counted = re.findall(
        r'^nv_inference_request_success\{[^}]*"feedback_baseline"[^}]*\} (\S+)$', answer.text, re.MULTILINE
    )
    return int(float(counted[0]))
