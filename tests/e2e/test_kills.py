"""Every session is stored exactly once although each stage is killed, or asked to end while it holds records."""

import signal
import threading
from collections.abc import Callable

import pytest

from tests.e2e.conversations import CALM, RESISTANT, send_lines
from tests.fixtures.system import RECORD_STAGES, PlatformConversation, RunningSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

CONVERSATIONS = 12
ENDED_BEFORE_THE_SIGNAL = 6
"""How many conversations have ended when the stage gets its signal, so that records are in every stage."""


@pytest.fixture(scope="module")
def system(start_system: Callable[..., RunningSystem]) -> RunningSystem:
    """Start the four stages that carry a record, on a broker and a database of their own."""
    return start_system(names=RECORD_STAGES)


def run_conversations(conversations: list[PlatformConversation], hit: Callable[[], None]) -> None:
    """Send and end all conversations, and call `hit` from another thread while some are still being sent."""
    blow = threading.Thread(target=hit)
    for number, conversation in enumerate(conversations):
        if number == ENDED_BEFORE_THE_SIGNAL:
            blow.start()
        send_lines(conversation, RESISTANT if number % 2 else CALM)
        conversation.end()
    blow.join()


def assert_stored_exactly_once(system: RunningSystem, conversations: list[PlatformConversation]) -> None:
    """Assert that each conversation has one session of revision 1, with one answer where there was resistance."""
    wait_until(
        lambda: sum(len(conversation.sessions()) for conversation in conversations) >= len(conversations),
        "every room has its session",
        DEADLOCK_S,
    )
    for number, conversation in enumerate(conversations):
        (session,) = conversation.sessions()
        answers = system.rows(
            "SELECT count(*), count(superseded_by) FROM answers WHERE session_id = :s", s=session["session_id"]
        )
        resistant = number % 2 == 1
        assert session["revision"] == 1
        assert session["left_out"] == (None if resistant else "no_resistance")
        assert answers == [(1 if resistant else 0, 0)]
        assert session["counts"]["messages"] == len(RESISTANT if resistant else CALM)


@pytest.mark.parametrize("name", RECORD_STAGES)
def test_a_killed_stage_loses_nothing_and_doubles_nothing(system: RunningSystem, name: str) -> None:
    """Every session is stored exactly once after a stage gets SIGKILL and is started again."""
    stage = system.stages[name]
    conversations = [system.new_conversation() for _ in range(CONVERSATIONS)]

    def kill() -> None:
        stage.kill()
        stage.start()

    run_conversations(conversations, kill)
    assert_stored_exactly_once(system, conversations)


@pytest.mark.parametrize("name", RECORD_STAGES)
def test_a_stage_asked_to_end_hands_over_what_it_holds(system: RunningSystem, name: str) -> None:
    """A stage that gets SIGTERM under load ends by itself, and its successor processes the rest."""
    stage = system.stages[name]
    conversations = [system.new_conversation() for _ in range(CONVERSATIONS)]

    def ask() -> None:
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(DEADLOCK_S) == 0
        stage.start()

    run_conversations(conversations, ask)
    assert_stored_exactly_once(system, conversations)
