"""When Triton stops, hangs or answers nonsense, no session is lost, no level is made up, and other sessions go on."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from plugin.local.process import Command
from plugin.local.triton import TritonServer
from stream.contracts.errors import Unavailable
from stream.contracts.topics import SESSIONS
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.base import CANARY, Deadline
from stream.feedback.models.baseline import TritonBaseline
from stream.feedback.models.triton import TritonConnection
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.triton import TritonAccess
from tests.e2e.conversations import CALM, send_lines
from tests.faults.dedicated_system import DEADLINE_S, DedicatedSystem
from tests.fixtures.system import PlatformConversation
from tests.fixtures.waiting import wait_until

CONVERSATIONS = 6
GOES_ON = "ingest and detection go on; records are held, none is dead-lettered; answered by itself when it is back"
NOTHING_MADE_UP = "no level without an answer; the exchange says why, the others have theirs"

pytestmark = pytest.mark.usefixtures("no_dead_letters")


def wait_until_held(dedicated: DedicatedSystem, conversations: list[PlatformConversation], before: int) -> None:
    """Wait until the breaker is open, and assert that the sessions are published but not stored."""
    wait_until(lambda: dedicated.metric("feedback", "counterpoint_breaker_state") == 2, "the breaker opens")
    assert "records are held until it is back" in dedicated.readiness_troubles("feedback")[ReadinessPart.MODEL]
    wait_until(
        lambda: dedicated.record_count(SESSIONS) >= before + len(conversations), "sessions are closed and published"
    )
    assert not any(conversation.sessions() for conversation in conversations)
    assert dedicated.readiness_troubles("stream") == dedicated.readiness_troubles("sink") == {}


def assert_all_answered(dedicated: DedicatedSystem, conversations: list[PlatformConversation]) -> None:
    """Wait until each session is stored once, with its one assessment, and measured; and the breaker is closed."""
    dedicated.wait_until_answered(conversations)
    dedicated.wait_until_measured(conversations)
    wait_until(lambda: dedicated.metric("feedback", "counterpoint_breaker_state") == 0, "the breaker closes")
    assert dedicated.readiness_troubles("feedback") == {}


def time_to_first_answer(dedicated: DedicatedSystem, conversations: list[PlatformConversation], since: float) -> str:
    """Return how long after `since` (of the monotonic clock) the first of these conversations is stored."""
    wait_until(lambda: any(dedicated.answer_outcomes(conversation) for conversation in conversations), "a first answer")
    return f"{time.monotonic() - since:.1f} s"


@pytest.mark.fault("Triton stopped", holds=GOES_ON)
def test_while_triton_is_stopped_the_breaker_is_open_and_the_rest_goes_on(
    dedicated: DedicatedSystem, measured: dict[str, str]
) -> None:
    """Triton gets SIGTERM while conversations end, and is started again once their records wait."""
    before = dedicated.record_count(SESSIONS)
    dedicated.triton.stop()
    conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
    wait_until_held(dedicated, conversations, before)
    dedicated.triton.start()
    measured["Triton back to first row"] = time_to_first_answer(dedicated, conversations, time.monotonic())
    assert_all_answered(dedicated, conversations)


@pytest.mark.fault("Triton stopped", holds=GOES_ON)
def test_a_stage_that_starts_while_triton_is_stopped_sets_nothing_aside(dedicated: DedicatedSystem) -> None:
    """The feedback stage starts while Triton is stopped, and sessions end before it is back."""
    feedback = dedicated.system.stages["feedback"]
    before = dedicated.record_count(SESSIONS)
    dedicated.triton.stop()
    try:
        feedback.stop()
        feedback.launch()
        calm = dedicated.system.new_conversation()
        send_lines(calm, CALM)
        calm.end()
        resistant = dedicated.finished_conversation()
        wait_until(lambda: dedicated.record_count(SESSIONS) >= before + 2, "both sessions are closed and published")
        wait_until(lambda: "canary_failed" in feedback.tail(), "the stage asks for its model")
    finally:
        dedicated.triton.start()
    assert_all_answered(dedicated, [resistant])
    wait_until(lambda: len(calm.sessions()) == 1, "the session without moments is stored")


@pytest.mark.fault("Triton's Python stub killed: the model stays READY", holds="the canary notices, it is reloaded")
def test_a_model_whose_process_died_is_reloaded(dedicated: DedicatedSystem, measured: dict[str, str]) -> None:
    """The model's stub process gets SIGKILL; Triton still reports the model as ready."""
    for process in stubs(dedicated.triton, "feedback_llm"):
        os.kill(process, signal.SIGKILL)
    # Asked before any conversation ends, since the canary reloads the model as soon as it notices.
    assert httpx.get(f"{dedicated.triton.http_url}/v2/models/feedback_llm/ready", trust_env=False).status_code == 200
    begun = time.monotonic()
    conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
    measured["stub killed to first row"] = time_to_first_answer(dedicated, conversations, begun)
    assert_all_answered(dedicated, conversations)
    assert '"event": "model_reloaded"' in dedicated.system.stages["feedback"].log.read_text()


@pytest.mark.fault("Triton slow, or its line dead", holds=GOES_ON)
def test_a_triton_that_does_not_answer_is_given_up_at_the_deadline(
    dedicated: DedicatedSystem, measured: dict[str, str]
) -> None:
    """A TCP proxy before Triton passes nothing on and closes no connection, and later passes everything again."""
    before = dedicated.record_count(SESSIONS)
    dedicated.triton_proxy.black_hole()
    begun = time.monotonic()
    try:
        conversations = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
        wait_until_held(dedicated, conversations, before)
        measured["dead line to open breaker"] = f"{time.monotonic() - begun:.1f} s at a deadline of {DEADLINE_S:g} s"
    finally:
        dedicated.triton_proxy.restore()
    measured["line back to first row"] = time_to_first_answer(dedicated, conversations, time.monotonic())
    assert_all_answered(dedicated, conversations)


@pytest.mark.fault(
    "the model answers with half a stream, garbage, cut JSON, N/A beside an error", holds=NOTHING_MADE_UP
)
def test_an_answer_that_cannot_be_used_becomes_an_abstention(dedicated: DedicatedSystem) -> None:
    """The stand-in engine behind the real Triton gives each bad answer by script, beside good answers."""
    assert_all_answered(
        dedicated, [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
    )  # otherwise two failures would be half of all outcomes
    opened = breakers_opened(dedicated)
    bad = {script: dedicated.finished_conversation(script) for script in ("broken", "prose", "cut", "error", "abstain")}
    good = [dedicated.finished_conversation() for _ in range(CONVERSATIONS)]
    assert_all_answered(dedicated, good)
    wait_until(
        lambda: all(dedicated.answer_outcomes(conversation) for conversation in bad.values()),
        "each bad answer has become an abstention",
    )
    assert {script: dedicated.answer_outcomes(conversation) for script, conversation in bad.items()} == {
        "broken": ["model_failed"],
        "prose": ["answer_unusable"],
        "cut": ["answer_unusable"],
        "error": ["model_failed"],
        "abstain": ["model_abstained"],
    }
    assert breakers_opened(dedicated) == opened


@pytest.mark.fault("one exchange always fails while the model is well", holds=NOTHING_MADE_UP)
def test_one_exchange_that_always_times_out_becomes_an_abstention(
    dedicated: DedicatedSystem, measured: dict[str, str]
) -> None:
    """The stand-in engine takes longer than the deadline on one exchange, and on no other."""
    begun = time.monotonic()
    poison, good = (
        dedicated.finished_conversation("slow"),
        [dedicated.finished_conversation() for _ in range(CONVERSATIONS)],
    )
    assert_all_answered(dedicated, good)
    wait_until(lambda: dedicated.answer_outcomes(poison), "it is given up")
    assert dedicated.answer_outcomes(poison) == ["model_failed"]
    measured["given up after"] = f"{time.monotonic() - begun:.1f} s: three attempts at a deadline of {DEADLINE_S:g} s"


class Restricted(TritonServer):
    """A Triton as production runs it, on which models are loaded only with the operator's key."""

    def command(self) -> Command:
        """Return Triton's command with the admin protocol restricted by a key."""
        given = super().command()
        return replace(given, argv=[*given.argv, "--grpc-restricted-protocol=model-repository:admin=key"])


@pytest.mark.fault("Triton's Python stub killed: the model stays READY", holds="where loading is not ours, it is said")
async def test_where_models_may_not_be_loaded_readiness_says_what_to_do(run_dir: Path) -> None:
    """The stubs get SIGKILL on a Triton whose admin protocol is restricted; then the operator restarts Triton."""
    with Restricted(run_dir / "restricted", ["feedback_baseline", "reader"]) as triton:
        model, health = TritonBaseline(TritonConnection(TritonAccess(triton.grpc_url))), Health(ReadinessPart.MODEL)
        availability = ModelAvailability(model, health, deadline_s=5)
        await availability.wait_until_seen()
        for process in stubs(triton, "feedback_baseline"):
            os.kill(process, signal.SIGKILL)

        async def ask() -> ModelAnswer:
            return await model.assess(CANARY, deadline=Deadline.after(5))

        with pytest.raises(Unavailable):
            await availability.request(ask)
        monitoring = asyncio.create_task(availability.monitor())
        try:
            while "restart Triton" not in health.troubles().get(ReadinessPart.MODEL, ""):  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(0.1)
            assert "was not reloaded (unavailable)" in health.troubles()[ReadinessPart.MODEL]
            await asyncio.to_thread(triton.restart)
            assert (await availability.request(ask)).ratings
            assert health.troubles() == {}
        finally:
            monitoring.cancel()
            await model.close()


def stubs(triton: TritonServer, model: str) -> list[int]:
    """Return the ids of the processes in which a model runs, one for each of its instances."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                command = (process / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == triton.pid and f"/{model}/".encode() in command:
                found.append(int(process.name))
    assert found
    return found


def breakers_opened(dedicated: DedicatedSystem) -> int:
    """Return how often the breaker has opened so far, according to the log."""
    lines = dedicated.system.stages["feedback"].log.read_text().splitlines()
    return sum('"event": "breaker"' in line and '"state": "open"' in line for line in lines)
