"""Triton goes, lies, dawdles and talks nonsense: nothing is lost, nothing is made up, and nobody else waits."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from plugin.local.process import Command
from plugin.local.triton import Triton
from stream.contracts.errors import Unavailable
from stream.contracts.topics import DEAD_LETTERS, SESSIONS
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.availability import PART, ModelWatch
from stream.feedback.models.base import CANARY, Deadline
from stream.feedback.models.baseline import TritonBaseline
from stream.feedback.models.triton import TritonConnection
from stream.runtime.health import Health
from tests.faults.unreliable_model import DEADLINE_S, Frail
from tests.fixtures.system import Platform, wait_until

ROOMS = 6
GOES_ON = "ingest and detection go on; records are held, none is dead-lettered; answered by itself when it is back"
NOTHING_MADE_UP = "no level without an answer; the exchange says why, the others have theirs"


@pytest.fixture(autouse=True)
def _nothing_is_set_aside(frail: Frail) -> Iterator[None]:
    """What fails here is not the records' fault."""
    before = frail.written(DEAD_LETTERS)
    yield
    assert frail.written(DEAD_LETTERS) == before


def held(frail: Frail, rooms: list[Platform], before: int) -> None:
    """Wait until the breaker is open; the sessions are on their topic all the same, and have no row."""
    wait_until(lambda: frail.metric("feedback", "counterpoint_breaker_state") == 2, "the breaker opens")
    assert "records are held until it is back" in frail.troubles("feedback")[PART]
    wait_until(lambda: frail.written(SESSIONS) >= before + len(rooms), "sessions are closed and published")
    assert not any(room.sessions() for room in rooms)
    assert frail.troubles("stream") == frail.troubles("sink") == {}


def all_answered(frail: Frail, rooms: list[Platform]) -> None:
    """Each session is there once, with its one assessment; the stage is well."""
    wait_until(lambda: all(frail.answers(room) for room in rooms), "every session is answered")
    assert [frail.answers(room) for room in rooms] == [[None]] * len(rooms)
    assert [len(room.sessions()) for room in rooms] == [1] * len(rooms)
    wait_until(lambda: frail.metric("feedback", "counterpoint_breaker_state") == 0, "the breaker closes")
    assert frail.troubles("feedback") == {}


def first_answer(frail: Frail, rooms: list[Platform], since: float) -> str:
    """How long after `since` (of the monotonic clock) any of them is stored."""
    wait_until(lambda: any(frail.answers(room) for room in rooms), "a first answer")
    return f"{time.monotonic() - since:.1f} s"


@pytest.mark.fault("Triton stopped", holds=GOES_ON)
def test_while_triton_is_stopped_the_breaker_is_open_and_the_rest_goes_on(
    frail: Frail, figures: dict[str, str]
) -> None:
    """SIGTERM to Triton while conversations end; started again when they wait."""
    before = frail.written(SESSIONS)
    frail.triton.stop()
    rooms = [frail.room() for _ in range(ROOMS)]
    held(frail, rooms, before)
    frail.triton.start()
    figures["Triton back to first row"] = first_answer(frail, rooms, time.monotonic())
    all_answered(frail, rooms)


@pytest.mark.fault("Triton's Python stub killed: the model stays READY", holds="the canary notices, it is loaded anew")
def test_a_model_whose_process_died_is_loaded_anew(frail: Frail, figures: dict[str, str]) -> None:
    """SIGKILL to the model's stub process; Triton goes on calling the model ready."""
    os.kill(stub(frail.triton, "feedback_llm"), signal.SIGKILL)
    begun = time.monotonic()
    rooms = [frail.room() for _ in range(ROOMS)]
    assert httpx.get(f"{frail.triton.http_url}/v2/models/feedback_llm/ready", trust_env=False).status_code == 200
    figures["stub killed to first row"] = first_answer(frail, rooms, begun)
    all_answered(frail, rooms)
    assert '"event": "model_reloaded"' in frail.system.stages["feedback"].log.read_text()


@pytest.mark.fault("Triton slow, or its line dead", holds=GOES_ON)
def test_a_triton_that_does_not_answer_is_given_up_at_the_deadline(frail: Frail, figures: dict[str, str]) -> None:
    """A TCP proxy passes nothing on and cuts no line, then passes again."""
    before = frail.written(SESSIONS)
    frail.line.black_hole()
    begun = time.monotonic()
    try:
        rooms = [frail.room() for _ in range(ROOMS)]
        held(frail, rooms, before)
        figures["dead line to open breaker"] = f"{time.monotonic() - begun:.1f} s at a deadline of {DEADLINE_S:g} s"
    finally:
        frail.line.pass_again()
    figures["line back to first row"] = first_answer(frail, rooms, time.monotonic())
    all_answered(frail, rooms)


@pytest.mark.fault(
    "the model answers with half a stream, garbage, cut JSON, N/A beside an error", holds=NOTHING_MADE_UP
)
def test_an_answer_that_cannot_be_used_becomes_an_abstention(frail: Frail) -> None:
    """The stand-in engine behind the real Triton plays each by script, side by side with good exchanges."""
    all_answered(frail, [frail.room() for _ in range(ROOMS)])  # or two that fail would be half of what is known
    opened = breakers_opened(frail)
    bad = {script: frail.room(script) for script in ("broken", "prose", "cut", "error", "abstain")}
    good = [frail.room() for _ in range(ROOMS)]
    all_answered(frail, good)
    wait_until(lambda: all(frail.answers(room) for room in bad.values()), "each bad answer has become an abstention")
    assert {script: frail.answers(room) for script, room in bad.items()} == {
        "broken": ["model_failed"],
        "prose": ["answer_unusable"],
        "cut": ["answer_unusable"],
        "error": ["model_failed"],
        "abstain": ["model_abstained"],
    }
    assert breakers_opened(frail) == opened


@pytest.mark.fault("one exchange always fails while the model is well", holds=NOTHING_MADE_UP)
def test_one_exchange_that_always_times_out_becomes_an_abstention(frail: Frail, figures: dict[str, str]) -> None:
    """The stand-in engine dawdles beyond the deadline on one exchange, and on no other."""
    begun = time.monotonic()
    poison, good = frail.room("slow"), [frail.room() for _ in range(ROOMS)]
    all_answered(frail, good)
    wait_until(lambda: frail.answers(poison), "it is given up")
    assert frail.answers(poison) == ["model_failed"]
    figures["given up after"] = f"{time.monotonic() - begun:.1f} s: three attempts at a deadline of {DEADLINE_S:g} s"


class Restricted(Triton):
    """As production runs it: nobody loads models without the operator's key."""

    def command(self) -> Command:
        """With the admin protocol behind a key."""
        given = super().command()
        return replace(given, argv=[*given.argv, "--grpc-restricted-protocol=model-repository:admin=key"])


@pytest.mark.fault("Triton's Python stub killed: the model stays READY", holds="where loading is not ours, it is said")
async def test_where_models_may_not_be_loaded_readiness_says_what_to_do(run_dir: Path) -> None:
    """The same on a Triton whose admin protocol is restricted; then the operator restarts it."""
    with Restricted(run_dir / "restricted", ["feedback_baseline"]) as triton:
        model, health = TritonBaseline(TritonConnection(triton.grpc_url)), Health(PART)
        watch = ModelWatch(model, health, deadline_s=5)
        await watch.until_seen()
        os.kill(stub(triton, "feedback_baseline"), signal.SIGKILL)

        async def ask() -> ModelAnswer:
            return await model.assess(CANARY, deadline=Deadline.after(5))

        with pytest.raises(Unavailable):
            await watch.request(ask)
        looking = asyncio.create_task(watch.keep_looking())
        try:
            while "restart Triton" not in health.troubles().get(PART, ""):  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(0.1)
            assert "was not loaded anew (unavailable)" in health.troubles()[PART]
            await asyncio.to_thread(triton.restart)
            assert (await watch.request(ask)).ratings
            assert health.troubles() == {}
        finally:
            looking.cancel()
            await model.close()


def stub(triton: Triton, model: str) -> int:
    """The process in which a model runs."""
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
    (pid,) = found
    return pid


def breakers_opened(frail: Frail) -> int:
    """How often the breaker has opened so far, by the log."""
    lines = frail.system.stages["feedback"].log.read_text().splitlines()
    return sum('"event": "breaker"' in line and '"state": "open"' in line for line in lines)
