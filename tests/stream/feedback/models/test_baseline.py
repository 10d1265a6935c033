"""The two ways to the baseline. What every adapter must do is in test_model_contract.py."""

import json
from pathlib import Path

import pytest

from plugin.local.triton import TritonServer
from stream.contracts.errors import Misconfigured, Unavailable
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Role
from stream.feedback.models.answer import SCHEMA_VERSION
from stream.feedback.models.base import CANARY, Deadline, ExchangePart, RequestFailed, ShownExchange, ShownMessage
from stream.feedback.models.baseline import InProcessBaseline, TritonBaseline, request_json
from stream.feedback.models.triton import Tensors, TritonConnection
from stream.runtime.triton import TritonAccess


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
    """Version and answer, to the word: a machine without Triton changes nothing else."""
    here, there = InProcessBaseline(), TritonBaseline(TritonConnection(TritonAccess(triton.grpc_url)))
    await there.canary(Deadline.after(10))
    assert here.version == there.version
    answers = [await model.assess(CANARY, deadline=Deadline.after(10)) for model in (here, there)]
    assert answers[0].model_dump() == answers[1].model_dump()
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
    """No server, or one that answers nonsense: hold, do not score."""
    with pytest.raises(Unavailable, match="the feedback model"):
        await TritonBaseline(Stranger(parameters)).canary(Deadline.after(1))


def test_a_folder_without_the_baseline_is_named(tmp_path: Path) -> None:
    """In-process needs the model repository beside the code."""
    with pytest.raises(Misconfigured, match="must name a Triton server"):
        InProcessBaseline(tmp_path)


async def test_a_request_the_baseline_refuses_is_a_failed_request() -> None:
    """A request that the baseline refuses is a failed request without the baseline's sentence."""
    model = InProcessBaseline()

    def refuse(_request: object) -> dict[str, object]:
        raise ValueError("words of a client")

    model._assess = refuse
    with pytest.raises(RequestFailed) as caught:
        await model.assess(CANARY, deadline=Deadline.after(1))
    assert "words" not in str(caught.value)


async def test_a_reply_it_cannot_read_is_its_abstention() -> None:
    """Rather than four levels of nothing."""
    exchange = ShownExchange((*CANARY.messages[:2], ShownMessage(3, ExchangePart.REPLY, Role.COUNSELLOR, "😀")))
    answer = await InProcessBaseline().assess(exchange, deadline=Deadline.after(1))
    assert answer.abstain
