"""Every adapter behind the seam, as the contract suite and the worker's tests run them: with a real Triton."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from plugin.local.triton import TritonServer
from stream.feedback.models.base import Deadline, FeedbackModel
from stream.feedback.models.baseline import InProcessBaseline, TritonBaseline
from stream.feedback.models.llm import TritonLlm
from stream.feedback.models.triton import Tensors, TritonConnection
from stream.runtime.triton import TritonAccess
from tests.fixtures.scripted_reader import scripted_baseline

ADAPTERS = ("scripted baseline", "in-process baseline", "baseline", "llm")
SERVED = ADAPTERS[2:]
"""The adapters behind a real Triton."""
KNOWN = ("scripted baseline", "llm")
"""The adapters of whose answers a test knows what they say: the others have trained weights."""


DEADLINE_S = 30.0
"""How long an answer may take; the models of `make test` take milliseconds."""


def deadline() -> Deadline:
    """Return the deadline of a request that begins now."""
    return Deadline.after(DEADLINE_S)


class Recorded(TritonConnection):
    """A connection to a real server that keeps what it sends."""

    def __init__(self, url: str) -> None:
        super().__init__(TritonAccess(url))
        self.sent: list[Tensors] = []

    async def infer(self, model: str, inputs: Tensors, output: str, deadline: Deadline) -> bytes:
        """Keep the inputs and send them."""
        self.sent.append(inputs)
        return await super().infer(model, inputs, output, deadline)

    async def stream(
        self, model: str, inputs: Tensors, outputs: Sequence[str], deadline: Deadline
    ) -> AsyncGenerator[dict[str, str], None]:
        """Keep the inputs and stream the responses."""
        self.sent.append(inputs)
        async for response in super().stream(model, inputs, outputs, deadline):
            yield response

    def bytes(self) -> bytes:
        """The bytes of all sent requests, without the names of tensors."""
        return b"\n".join(value for inputs in self.sent for value in inputs.values() if isinstance(value, bytes))


@asynccontextmanager
async def opened(adapter: str, triton: TritonServer) -> AsyncIterator[tuple[FeedbackModel, Recorded]]:
    """The adapter after its first canary, with a record of what it sent (nothing where it runs in-process)."""
    connection = Recorded(triton.grpc_url)
    model: FeedbackModel
    if adapter == "scripted baseline":
        model = scripted_baseline()
    elif adapter == "in-process baseline":
        model = InProcessBaseline()
    elif adapter == "baseline":
        model = TritonBaseline(connection)
    else:
        model = TritonLlm(connection, random_boundary=lambda: "boundary")
    try:
        await model.canary(deadline())
        connection.sent.clear()
        yield model, connection
    finally:
        await model.close()
        await connection.close()
