"""The connection to a real Triton: one deadline, every error made one, nothing left running."""

import asyncio
import socket
import time
from contextlib import aclosing

import pytest

from plugin.local.triton import TritonServer
from stream.feedback.models import baseline, llm
from stream.feedback.models.base import CANARY, Deadline, RequestFailed
from stream.feedback.models.baseline import request_json
from stream.feedback.models.llm import sampling_parameters
from stream.feedback.models.prompt import render_prompt
from stream.feedback.models.triton import _CHANNEL, Tensors, TritonConnection
from stream.runtime.triton import TritonAccess
from tests.fixtures.waiting import eventually
from tests.stream.feedback.builders import prepared

OUTPUTS = ("text_output", "finish_reason")
MIN_PING_INTERVAL_MS = 300_000
"""The default of gRPC's servers, Triton's too, while no data flow (`min_recv_ping_interval_without_data`)."""


def inputs(script: str) -> Tensors:
    """Return a request to the stand-in engine that plays a script."""
    one, _ = prepared(client=[f"script:{script}"])
    return {
        "text_input": render_prompt(one.shown, boundary="b").encode(),
        "sampling_parameters": sampling_parameters(),
        "exclude_input_in_output": True,
        "return_finish_reason": True,
    }


async def responses(connection: TritonConnection, script: str, seconds: float = 10) -> list[dict[str, str]]:
    """Return every response to a streamed request."""
    async with aclosing(connection.stream(llm.MODEL, inputs(script), OUTPUTS, Deadline.after(seconds))) as stream:
        return [response async for response in stream]


async def fails(connection: TritonConnection, script: str, seconds: float = 10) -> str:
    """The status with which it fails."""
    with pytest.raises(RequestFailed) as caught:
        await responses(connection, script, seconds)
    assert caught.value.__cause__ is None
    return caught.value.code


async def test_one_request_brings_one_answer(triton: TritonServer) -> None:
    """A request brings one answer from a model that answers once and from one that streams."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    request = {"REQUEST": request_json(CANARY)}
    assert b"ratings" in await connection.infer(baseline.MODEL, request, "RESPONSE", Deadline.after(10))
    whole = await responses(connection, "chunks")
    assert len(whole) > 3
    assert [response["finish_reason"] for response in whole[-2:]] == ["None", "stop"]
    await connection.close()


async def test_every_kind_of_error_is_a_failed_request_with_a_status_alone(triton: TritonServer) -> None:
    """Unary errors, stream errors and errors of the model; the server's words stay where they are."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    assert await fails(connection, "error") == "model_error"
    for model, request, code in (
        ("no_such_model", {"REQUEST": b"{}"}, "not_found"),
        (baseline.MODEL, {"WRONG": b"{}"}, "invalid_argument"),
        (baseline.MODEL, {"REQUEST": b"words of a client"}, "invalid_argument"),
    ):
        with pytest.raises(RequestFailed) as caught:
            await connection.infer(model, request, "RESPONSE", Deadline.after(10))
        assert caught.value.code == code
        assert "words" not in str(caught.value)
    with pytest.raises(RequestFailed):
        await connection.parameters("no_such_model", Deadline.after(10))
    await connection.close()


async def test_a_request_ends_at_its_deadline(triton: TritonServer) -> None:
    """A request ends at its deadline, however slow the model is."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    began = time.monotonic()
    assert await fails(connection, "slow", seconds=0.3) == "deadline_exceeded"
    assert time.monotonic() - began < 20  # seconds that the slow model would take
    await connection.close()


async def test_an_abandoned_request_is_cancelled_on_the_server(triton: TritonServer) -> None:
    """An abandoned request is cancelled on the server, so that a GPU generates nothing unneeded."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    begun, cancelled = (triton.log.read_text().count(what) for what in ("slow request begun", "request cancelled"))
    task = asyncio.create_task(responses(connection, "slow"))
    assert await asyncio.to_thread(eventually, lambda: triton.log.read_text().count("slow request begun") > begun)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(eventually, lambda: triton.log.read_text().count("request cancelled") > cancelled)
    await connection.close()


async def test_a_server_that_is_not_there_fails_at_once() -> None:
    """A missing server fails at once and long before the deadline."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        connection = TritonConnection(TritonAccess(f"127.0.0.1:{closed.getsockname()[1]}"))
        began = time.monotonic()
        assert await fails(connection, "good") == "unavailable"
        with pytest.raises(RequestFailed):
            await connection.infer(baseline.MODEL, {"REQUEST": b"{}"}, "RESPONSE", Deadline.after(10))
        assert time.monotonic() - began < 10  # seconds of the deadline
        await connection.close()


async def test_the_parameters_of_a_model_are_its_config(triton: TritonServer) -> None:
    """The parameters of a model are those in its config.pbtxt."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    parameters = await connection.parameters(llm.MODEL, Deadline.after(10))
    assert parameters["display_name"] == "Llama-3.1-8B-Instruct, prompted"
    await connection.close()
    await connection.close()


async def test_a_model_is_reloaded_where_a_server_is_there_to_do_it(triton: TritonServer) -> None:
    """A model that was unloaded is loaded again, and one that the repository lacks is refused."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    request = {"REQUEST": request_json(CANARY)}
    for _ in range(2):
        assert await connection.reload(baseline.MODEL, Deadline.after(30))
        assert b"ratings" in await connection.infer(baseline.MODEL, request, "RESPONSE", Deadline.after(10))
        await connection._connected().unload_model(baseline.MODEL)
    assert await connection.reload(baseline.MODEL, Deadline.after(30))
    with pytest.raises(RequestFailed):
        await connection.reload("no_such_model", Deadline.after(10))
    await connection.close()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = TritonConnection(TritonAccess(f"127.0.0.1:{closed.getsockname()[1]}"))
        assert not await nobody.reload(baseline.MODEL, Deadline.after(10))
        await nobody.close()


def test_pings_come_no_sooner_than_a_server_accepts() -> None:
    """A request may be silent for any time, since pings come later than the five minutes that a server asks for."""
    assert dict(_CHANNEL)["grpc.keepalive_time_ms"] > MIN_PING_INTERVAL_MS
