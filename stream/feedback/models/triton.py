"""Talk to Triton by gRPC: one deadline a request, cancelled when abandoned, every kind of error made one.

Errors come in three shapes (tritonclient 2.73): unary calls raise InferenceServerException; streams raise raw
AioRpcError; errors of the model itself come as a value beside the result. Servers put texts of requests into their
messages, so only the status ever leaves this file.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import grpc
import numpy as np
import tritonclient.grpc.aio as triton
from tritonclient.utils import InferenceServerException

from stream.feedback.models.base import Deadline, RequestFailed

ADMIN_HEADER = "triton-grpc-protocol-admin"
"""Triton's own prefix, and the name we give the restriction."""
_LIVE_S = 2.0
"""Liveness takes milliseconds."""

Tensors = Mapping[str, bytes | bool]
"""Inputs by name, each of one element: bytes become BYTES[1], bool becomes BOOL[1]."""

# Channel arguments replace all of the client's defaults, hence the message sizes.
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 60_000),  # more often than this the server takes for abuse
    ("grpc.keepalive_timeout_ms", 10_000),
    # gRPC waits up to two minutes before it looks for a server that is back; the canary asks every few seconds.
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


@dataclass(frozen=True)
class Access:
    """How a guarded server is reached. Files are PEM; with `ca` the connection is TLS."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    admin_secret: str | None = field(default=None, repr=False)

    @property
    def channel(self) -> dict[str, Any]:
        """What the client takes."""
        if self.ca is None:
            return {}
        files = {"root_certificates": self.ca, "certificate_chain": self.certificate, "private_key": self.key}
        return {"ssl": True, **{name: str(file) for name, file in files.items() if file is not None}}

    @property
    def admin(self) -> dict[str, str] | None:
        """The headers of a call that only an administrator may make."""
        return None if self.admin_secret is None else {ADMIN_HEADER: self.admin_secret}


OPEN = Access()
"""A server that anybody who reaches it may use."""


class Connection(Protocol):
    """What an adapter needs of a server; tests capture what is sent."""

    async def infer(self, model: str, inputs: Tensors, output: str, deadline: Deadline) -> bytes:
        """Ask a model that answers once."""

    def stream(
        self, model: str, inputs: Tensors, outputs: Sequence[str], deadline: Deadline
    ) -> AsyncGenerator[dict[str, str], None]:
        """Ask a decoupled model; yields its responses."""

    async def parameters(self, model: str, deadline: Deadline) -> dict[str, str]:
        """The `parameters` of a model's config.pbtxt."""

    async def reload(self, model: str, deadline: Deadline) -> bool:
        """Have a server that is there load a model anew; whether there was one that did."""

    async def close(self) -> None:
        """Give back the channel."""


class TritonConnection:
    """One channel to one server. Every method raises `RequestFailed`, with a status and no more."""

    def __init__(self, url: str, access: Access = OPEN) -> None:
        self._url = url
        self._access = access
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
            raise RequestFailed(_status(error)) from None
        return _bytes(result, output)

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
                raise RequestFailed(error.code().name.lower()) from None
            finally:
                # Leaving the loop does not stop the server's work; only this does.
                responses.cancel()

    async def parameters(self, model: str, deadline: Deadline) -> dict[str, str]:
        """The `parameters` of a model's config.pbtxt."""
        try:
            answer = await self._connected().get_model_config(model, as_json=True, client_timeout=deadline.remaining())
        except InferenceServerException as error:
            raise RequestFailed(_status(error)) from None
        found = answer["config"].get("parameters", {})
        return {name: value.get("string_value", "") for name, value in found.items()}

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
                as_json=True, headers=self._access.admin, client_timeout=deadline.remaining()
            )
            states = {one.get("state", "") for one in index.get("models", ()) if one["name"] == model}
            if "LOADING" in states:
                return False
            if "READY" in states:
                await client.unload_model(model, headers=self._access.admin, client_timeout=deadline.remaining())
            await client.load_model(model, headers=self._access.admin, client_timeout=deadline.remaining())
        except InferenceServerException as error:
            raise RequestFailed(_status(error)) from None
        return True

    async def close(self) -> None:
        """Give back the channel."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _connected(self) -> triton.InferenceServerClient:
        # Made at the first request: a gRPC channel belongs to the event loop it is made in.
        if self._client is None:
            self._client = triton.InferenceServerClient(self._url, channel_args=_CHANNEL, **self._access.channel)
        return self._client


def _tensor(name: str, value: bytes | bool) -> triton.InferInput:
    datatype = "BOOL" if isinstance(value, bool) else "BYTES"
    tensor = triton.InferInput(name, [1], datatype)
    tensor.set_data_from_numpy(np.array([value], dtype=bool if datatype == "BOOL" else object))
    return tensor


def _bytes(result: triton.InferResult, name: str) -> bytes:
    values = result.as_numpy(name)
    if values is None or values.size == 0:
        raise RequestFailed("missing_output")
    first = values.reshape(-1)[0]
    return first if isinstance(first, bytes) else str(first).encode()


def _status(error: InferenceServerException) -> str:
    """A gRPC status such as `unavailable`; the client spells it `StatusCode.UNAVAILABLE`."""
    return str(error.status() or "model_error").rpartition(".")[2].lower()
