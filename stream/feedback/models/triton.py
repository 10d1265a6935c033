"""Talk to Triton by gRPC: one deadline a request, cancelled when abandoned, every kind of error made one.

Errors come in three shapes (tritonclient 2.73): unary calls raise InferenceServerException; streams raise raw
AioRpcError; errors of the model itself come as a value beside the result. Servers put texts of requests into their
messages, so only the status ever leaves this file.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import grpc
import numpy as np
import tritonclient.grpc.aio as triton
from tritonclient.utils import InferenceServerException

from stream.feedback.models.base import Deadline, RequestFailed
from stream.runtime.triton import TritonAccess, error_status

_LIVE_S = 2.0
"""Liveness takes milliseconds."""

Tensors = Mapping[str, bytes | bool]
"""Inputs by name, each of one element: bytes become BYTES[1], bool becomes BOOL[1]."""

# Channel arguments replace all of the client's defaults, hence the message sizes.
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A gRPC server expects five minutes between pings while no data flow, and hangs up after the third that comes
    # sooner: pings once a minute broke every request of more than five minutes (`too_many_pings`).
    ("grpc.keepalive_time_ms", 310_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # gRPC waits up to two minutes before it looks for a server that is back; the canary asks every few seconds.
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


class Connection(Protocol):
    """The operations of a server that an adapter needs; tests capture what is sent."""

    async def infer(self, model: str, inputs: Tensors, output: str, deadline: Deadline) -> bytes:
        """Ask a model that answers once."""

    def stream(
        self, model: str, inputs: Tensors, outputs: Sequence[str], deadline: Deadline
    ) -> AsyncGenerator[dict[str, str], None]:
        """Ask a decoupled model; yields its responses."""

    async def parameters(self, model: str, deadline: Deadline) -> dict[str, str]:
        """The `parameters` of a model's config.pbtxt."""

    async def reload(self, model: str, deadline: Deadline) -> bool:
        """Make the server reload a model; returns whether a server did."""

    async def close(self) -> None:
        """Close the channel."""


class TritonConnection:
    """A channel to one server. Every method raises `RequestFailed` with nothing but a status."""

    def __init__(self, server: TritonAccess) -> None:
        self._server = server
        self._client: triton.InferenceServerClient | None = None

    async def infer(self, model: str, inputs: Tensors, output: str, deadline: Deadline) -> bytes:
        """Ask a model that answers once, for one BYTES[1] output."""
        try:
            result = await self._connected().infer(
                model,
                [_tensor(name, value) for name, value in inputs.items()],
                outputs=[triton.InferRequestedOutput(output)],
                client_timeout=deadline.remaining(),
            )
        except InferenceServerException as error:
            raise RequestFailed(error_status(error)) from None
        return _bytes(result, output)

    async def infer_rows(
        self, model: str, inputs: Mapping[str, Sequence[str]], outputs: Sequence[str], deadline: Deadline
    ) -> dict[str, Any]:
        """Ask a model that takes batches: an input is a column of texts, an output an array with a row for each."""
        try:
            result = await self._connected().infer(
                model,
                [_column(name, texts) for name, texts in inputs.items()],
                outputs=[triton.InferRequestedOutput(name) for name in outputs],
                client_timeout=deadline.remaining(),
            )
        except InferenceServerException as error:
            raise RequestFailed(error_status(error)) from None
        rows = len(next(iter(inputs.values())))
        found = {name: result.as_numpy(name) for name in outputs}
        if any(array is None or len(array) != rows for array in found.values()):
            raise RequestFailed("missing_output")
        return found

    async def stream(
        self, model: str, inputs: Tensors, outputs: Sequence[str], deadline: Deadline
    ) -> AsyncGenerator[dict[str, str], None]:
        """Ask a decoupled model; yields the outputs of each response. Close the generator to cancel the request."""
        request: dict[str, object] = {
            "model_name": model,
            "inputs": [_tensor(name, value) for name, value in inputs.items()],
            "outputs": [triton.InferRequestedOutput(name) for name in outputs],
        }

        async def once() -> AsyncGenerator[dict[str, object], None]:
            yield request

        async with aclosing(once()) as requests:
            responses = self._connected().stream_infer(requests, stream_timeout=deadline.remaining())
            try:
                async for result, error in responses:
                    if error is not None:  # checked first: beside an error stands a text_output of "N/A"
                        raise RequestFailed("model_error")
                    yield {name: _bytes(result, name).decode(errors="replace") for name in outputs}
            except grpc.aio.AioRpcError as error:
                raise RequestFailed(error_status(error)) from None
            finally:
                # Leaving the loop does not stop the server's work; only this does.
                responses.cancel()

    async def parameters(self, model: str, deadline: Deadline) -> dict[str, str]:
        """The `parameters` of a model's config.pbtxt."""
        try:
            response = await self._connected().get_model_config(model, client_timeout=deadline.remaining())
        except InferenceServerException as error:
            raise RequestFailed(error_status(error)) from None
        return {name: parameter.string_value for name, parameter in response.config.parameters.items()}

    async def reload(self, model: str, deadline: Deadline) -> bool:
        """Unload and load a model: what a dead Python back end needs, and loading alone does not do.

        False where no server answers, or while it is loading the model already. A model that somebody unloaded is
        loaded: so a process that is killed between the two steps leaves no gap.
        """
        client = self._connected()
        try:
            await client.is_server_live(client_timeout=min(deadline.remaining(), _LIVE_S))
        except InferenceServerException:
            return False
        try:
            index = await client.get_model_repository_index(
                as_json=True, headers=self._server.admin_headers, client_timeout=deadline.remaining()
            )
            states = {one.get("state", "") for one in index.get("models", ()) if one["name"] == model}
            if "LOADING" in states:
                return False
            if "READY" in states:
                await client.unload_model(
                    model, headers=self._server.admin_headers, client_timeout=deadline.remaining()
                )
            await client.load_model(model, headers=self._server.admin_headers, client_timeout=deadline.remaining())
        except InferenceServerException as error:
            raise RequestFailed(error_status(error)) from None
        return True

    async def close(self) -> None:
        """Close the channel."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _connected(self) -> triton.InferenceServerClient:
        # Made at the first request: a gRPC channel belongs to the event loop it is made in.
        if self._client is None:
            self._client = triton.InferenceServerClient(
                self._server.url, channel_args=_CHANNEL, **self._server.client_options
            )
        return self._client


def _tensor(name: str, value: bytes | bool) -> triton.InferInput:
    datatype = "BOOL" if isinstance(value, bool) else "BYTES"
    tensor = triton.InferInput(name, [1], datatype)
    tensor.set_data_from_numpy(np.array([value], dtype=bool if datatype == "BOOL" else object))
    return tensor


def _column(name: str, texts: Sequence[str]) -> triton.InferInput:
    tensor = triton.InferInput(name, [len(texts), 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[text.encode()] for text in texts], dtype=object))
    return tensor


def _bytes(result: triton.InferResult, name: str) -> bytes:
    values = result.as_numpy(name)
    if values is None or values.size == 0:
        raise RequestFailed("missing_output")
    first = values.reshape(-1)[0]
    return first if isinstance(first, bytes) else str(first).encode()
