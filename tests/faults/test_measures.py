"""Measures hold nobody up, every finished session gets its own once, and nothing is measured of what was taken back."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from plugin.database.tables import TombstoneKind
from stream.runtime.health import ReadinessPart
from tests.e2e.conversations import RESISTANT
from tests.faults.dedicated_system import DedicatedSystem
from tests.faults.erasing import erase_and_capture_output
from tests.faults.measured import measured_conversations, verify_measured_once, wait_until_all_is_measured
from tests.faults.test_model import stubs
from tests.fixtures.system import PlatformConversation, now
from tests.fixtures.waiting import wait_until

CONVERSATIONS = 6
WAITS = "feedback is stored meanwhile; sessions wait for their measures, and get them once, by themselves"
ROUNDS, ROUNDS_LONG = 1, 10
SPREAD_S = 12.0
"""Seconds over which sessions are taken back at most, from before the stage is at work, which takes six of them."""


def wait_until_held(dedicated: DedicatedSystem, conversations: list[PlatformConversation]) -> None:
    """Wait until the measures stage says that its reader is away, and assert that it has measured nothing meanwhile."""
    wait_until(lambda: ReadinessPart.MODEL in dedicated.readiness_troubles("measures"), "the stage says that it waits")
    assert "the reader" in dedicated.readiness_troubles("measures")[ReadinessPart.MODEL]
    assert measured_conversations(dedicated.system, [one.conversation_id for one in conversations]) == set()


@pytest.mark.usefixtures("no_dead_letters")
@pytest.mark.fault("the reader away, the feedback model not", holds=WAITS)
def test_while_the_line_to_the_reader_is_dead_feedback_goes_on(
    dedicated: DedicatedSystem, measured: dict[str, str]
) -> None:
    """A TCP proxy before the reader passes nothing on and closes no connection, and later passes everything again."""
    dedicated.reader_proxy.black_hole()
    try:
        conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
        dedicated.wait_until_answered(conversations)
        wait_until_held(dedicated, conversations)
        assert dedicated.readiness_troubles("feedback") == dedicated.readiness_troubles("sink") == {}
    finally:
        dedicated.reader_proxy.restore()
    begun = time.monotonic()
    dedicated.wait_until_measured(conversations)
    measured["the reader back to all measured"] = f"{time.monotonic() - begun:.1f} s for {CONVERSATIONS} sessions"
    wait_until(lambda: dedicated.readiness_troubles("measures") == {}, "the stage is ready")


@pytest.mark.usefixtures("no_dead_letters")
@pytest.mark.fault("the reader away, the feedback model not", holds=WAITS)
def test_a_reader_whose_processes_died_is_loaded_again(dedicated: DedicatedSystem, measured: dict[str, str]) -> None:
    """The reader's stub processes get SIGKILL; Triton still reports the model as ready."""
    for process in stubs(dedicated.triton, "reader"):
        os.kill(process, signal.SIGKILL)
    begun = time.monotonic()
    conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
    dedicated.wait_until_answered(conversations)
    dedicated.wait_until_measured(conversations)
    measured["stubs killed to all measured"] = f"{time.monotonic() - begun:.1f} s"


@dataclass
class Taken:
    """A finished session that is taken back, or of which a message is, at some moment; `said` is what stays of it."""

    conversation: PlatformConversation
    client: str = field(default_factory=lambda: f"client-{uuid4()}")
    said: list[str] = field(default_factory=list)

    def talk(self) -> None:
        """Send the whole session."""
        for role, words in RESISTANT:
            author = self.client if role == "client" else f"counsellor-{self.conversation.reference}"
            self.said.append(self.conversation.say(role, words, author=author))
        self.conversation.end()

    def erase_client(self) -> None:
        """Erase the client."""
        erase_and_capture_output(self.conversation.system, TombstoneKind.CLIENT, self.client)
        self.said.clear()

    def erase_conversation(self) -> None:
        """Erase the conversation."""
        erase_and_capture_output(self.conversation.system, TombstoneKind.ERASURE, self.conversation.reference)
        self.said.clear()

    def withdraw(self) -> None:
        """Withdraw the consent."""
        self.conversation.withdraw()
        self.said.clear()

    def delete_message(self) -> None:
        """Delete one of the messages, upon which the session closes anew."""
        self.conversation.deliver(type="deletion", message_id=self.said.pop(3), deleted_at=now())
        wait_until(lambda: self.conversation.sessions()[0]["revision"] > 1, "it closes anew")

    def keep(self) -> None:
        """Leave everything as it is."""


WAYS: tuple[Callable[[Taken], None], ...] = (
    Taken.erase_client,
    Taken.erase_conversation,
    Taken.withdraw,
    Taken.delete_message,
    Taken.keep,
    Taken.keep,
)


@pytest.mark.fault(
    "erasure, withdrawal and deletion while measures are under way",
    holds="no measure of it stays; of everybody else's sessions there is one each, and feedback did not wait",
)
def test_nothing_is_measured_of_what_was_taken_back(
    dedicated: DedicatedSystem, measured: dict[str, str], long: bool, seed: int
) -> None:
    """The measures stage is killed; sessions end, and are taken back at seeded moments while it begins with them."""
    system = dedicated.system
    chance = random.Random(seed)
    rounds = ROUNDS_LONG if long else ROUNDS
    stage = system.stages["measures"]
    taken: list[Taken] = []
    for _ in range(rounds):
        stage.kill()
        sessions = [Taken(system.new_conversation()) for _ in WAYS]
        for session in sessions:
            session.talk()
        for session in sessions:
            wait_until(session.conversation.sessions, "feedback is stored although nothing is measured")
        stage.launch()
        for way, session in chance.sample(list(zip(WAYS, sessions, strict=True)), k=len(WAYS)):
            time.sleep(chance.uniform(0, SPREAD_S / len(WAYS)))  # the moment is the fault
            way(session)
        taken += sessions
    verify_measured_once(system, {one.conversation.conversation_id: one.said for one in taken if one.said})
    wait_until_all_is_measured(system)
    gone = [one.conversation.conversation_id for one in taken if not one.said]
    assert measured_conversations(system, gone) == set()
    measured["taken back"] = f"{len(gone)} of {len(taken)} sessions, and a message of {rounds} others (seed {seed})"
