"""The two ways to the baseline. What every adapter must do is in test_model_contract.py."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from plugin.local.triton import TritonServer
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Role
from stream.feedback.models.answer import SCHEMA_VERSION
from stream.feedback.models.base import CANARY, Deadline, ExchangePart, RequestFailed, ShownExchange, ShownMessage
from stream.feedback.models.baseline import MODEL, InProcessBaseline, TritonBaseline, request_json
from stream.feedback.models.reader import READER
from stream.feedback.models.triton import Tensors, TritonConnection
from stream.runtime.triton import TritonAccess
from tests.fixtures.scripted_reader import scripted_baseline


class Stranger(TritonConnection):
    """A server with another model than ours."""

    def __init__(self, parameters: dict[str, str] | None) -> None:
        super().__init__(TritonAccess("127.0.0.1:1"))
        self._parameters = parameters

    async def parameters(self, _model: str, _deadline: Deadline) -> dict[str, str]:
        """Return the configured parameters, or fail if the server is away."""
        if self._parameters is None:
            raise RequestFailed("unavailable")
        return self._parameters

    async def infer(self, _model: str, _inputs: Tensors, _output: str, _deadline: Deadline) -> bytes:
        """Answer with something that is no answer."""
        return b"{}"


def test_the_request_holds_the_shown_messages_and_nothing_else() -> None:
    """Numbers, parts, roles and words, under the version of the form."""
    request = json.loads(request_json(CANARY))
    assert request["schema"] == SCHEMA_VERSION
    assert set(request) == {"schema", "messages"}
    assert request["messages"][1] == {
        "number": 2,
        "part": "client_turn",
        "role": "client",
        "text": "I didn't do it. I don't see what a diary is supposed to change.",
    }


async def test_in_process_and_behind_triton_it_is_the_same_baseline(triton: TritonServer) -> None:
    """Version and answer, to the word and to a thousandth: a machine without Triton changes nothing else."""
    here, there = InProcessBaseline(), TritonBaseline(TritonConnection(TritonAccess(triton.grpc_url)))
    await there.canary(Deadline.after(10))
    assert here.version == there.version
    answers = [await model.assess(CANARY, deadline=Deadline.after(10)) for model in (here, there)]
    mine, other = (answer.model_dump() for answer in answers)
    assert mine.pop("confidence") == pytest.approx(other.pop("confidence"), abs=1e-3)
    assert mine == other
    await there.close()


def test_its_version_is_unknown_before_the_canary() -> None:
    """The version of the baseline is unknown before the canary, because the server reports it."""
    with pytest.raises(RuntimeError):
        _ = TritonBaseline(Stranger({})).version


async def test_a_baseline_for_another_rubric_is_refused() -> None:
    """A baseline for another rubric is refused, because its levels would mean something else."""
    with pytest.raises(Misconfigured, match=f"rubric 9.9, but this version needs {RUBRIC_VERSION}"):
        await TritonBaseline(Stranger({"version": "1", "rubric_version": "9.9"})).canary(Deadline.after(1))


@pytest.mark.parametrize("parameters", [None, {"version": "1", "rubric_version": RUBRIC_VERSION}])
async def test_a_canary_without_an_answer_that_can_be_read_means_away(parameters: dict[str, str] | None) -> None:
    """A missing server, or one with unreadable answers, counts as unavailable, so records are held."""
    with pytest.raises(Unavailable, match="the feedback model"):
        await TritonBaseline(Stranger(parameters)).canary(Deadline.after(1))


def test_a_folder_without_the_baseline_is_named(tmp_path: Path) -> None:
    """In-process needs the model repository beside the code."""
    with pytest.raises(Misconfigured, match="must name a Triton server"):
        InProcessBaseline(tmp_path)


async def test_a_reload_loads_the_reader_too() -> None:
    """The reader is loaded again with the baseline, which cannot answer without it."""
    connection = Stranger({})
    loaded: list[str] = []

    async def reload(model: str, _deadline: Deadline) -> bool:
        loaded.append(model)
        return model != "reader" or len(loaded) > 2

    connection.reload = reload  # type: ignore[method-assign,assignment]
    model = TritonBaseline(connection)
    assert not await model.reload(Deadline.after(1))
    assert await model.reload(Deadline.after(1))
    assert loaded == ["reader", "feedback_baseline"] * 2


async def test_a_reader_whose_processes_died_is_served_again(run_dir: Path) -> None:
    """A baseline whose reader was killed fails until both are reloaded, since Triton still calls them ready."""
    with TritonServer(run_dir / "triton-reload", [MODEL, READER]) as server:
        model = TritonBaseline(TritonConnection(TritonAccess(server.grpc_url)))
        await model.canary(Deadline.after(30))
        for process in _stubs(server):
            os.kill(process, signal.SIGKILL)
        with pytest.raises(Unavailable):
            await model.canary(Deadline.after(10))
        assert await model.reload(Deadline.after(60))
        await model.canary(Deadline.after(30))
        await model.close()


def _stubs(server: TritonServer) -> list[int]:
    """Return the processes in which the reader runs."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes()
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == server.pid and b"/reader/" in command:
                found.append(int(process.name))
    assert found
    return found


async def test_a_request_the_baseline_refuses_is_a_failed_request() -> None:
    """A request that the baseline refuses is a failed request without the baseline's sentence."""
    model = InProcessBaseline()

    def refuse(*_: object, **__: object) -> dict[str, object]:
        raise ValueError("words of a client")

    model._assess = partial(refuse)
    with pytest.raises(RequestFailed) as caught:
        await model.assess(CANARY, deadline=Deadline.after(1))
    assert "words" not in str(caught.value)


async def test_a_reply_it_cannot_read_is_its_abstention() -> None:
    """Rather than four levels of nothing."""
    client = ShownMessage(1, ExchangePart.CLIENT_TURN, Role.CLIENT, "The diary is pointless.")
    exchange = ShownExchange((client, ShownMessage(2, ExchangePart.REPLY, Role.COUNSELLOR, "😀")))
    answer = await scripted_baseline().assess(exchange, deadline=Deadline.after(1))
    assert answer.abstain
