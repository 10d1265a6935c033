"""The CPU baseline: one JSON tensor in, one out; behind Triton, or in this process where no Triton runs."""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC_VERSION
from stream.feedback.models.answer import SCHEMA_VERSION, ModelAnswer, read_answer
from stream.feedback.models.base import Deadline, ModelAway, RequestFailed, ShownExchange, ask_canary
from stream.feedback.models.triton import Connection

MODEL = "feedback_baseline"
_FINGERPRINT = 12  # hexadecimal digits: enough to tell versions apart, short enough to read
_REPOSITORY = Path(__file__).parents[3] / "triton_models"

Assess = Callable[[dict[str, object]], dict[str, object]]


def request_json(exchange: ShownExchange) -> bytes:
    """What the baseline reads: the shown messages and nothing else."""
    messages = [
        {"number": message.number, "part": message.part, "role": message.role, "text": message.text}
        for message in exchange.messages
    ]
    return json.dumps({"schema": SCHEMA_VERSION, "messages": messages}, ensure_ascii=False).encode()


class _Baseline:
    """What both ways to the baseline share."""

    def __init__(self) -> None:
        self._version: ModelVersion | None = None

    @property
    def version(self) -> ModelVersion:
        """Known once the canary has passed, for the weights' version is the server's to tell."""
        if self._version is None:
            raise RuntimeError("ask the canary first")
        return self._version

    def _found(self, version: str, fingerprint: str, rubric: str) -> None:
        if rubric != RUBRIC_VERSION:
            raise Misconfigured(
                f"Triton serves {MODEL} for rubric {rubric or 'unknown'}, but this version needs {RUBRIC_VERSION}."
                " Deploy the model repository of the same release."
            )
        self._version = ModelVersion(
            name="CPU baseline",
            adapter="baseline",
            weights=f"{version}+{fingerprint[:_FINGERPRINT]}",
            prompt="none",
            rubric=RUBRIC_VERSION,
            schema_version=SCHEMA_VERSION,
            is_baseline=True,
        )


class TritonBaseline(_Baseline):
    """The baseline behind Triton."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """See `FeedbackModel`. The baseline has no use for `repair`: it answers the same to the same words."""
        del repair
        return read_answer(
            await self._connection.infer(MODEL, {"REQUEST": request_json(exchange)}, "RESPONSE", deadline)
        )

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`."""
        try:
            parameters = await self._connection.parameters(MODEL, deadline)
        except RequestFailed as error:
            raise ModelAway(error.why) from None
        version, fingerprint, rubric = (
            parameters.get(name, "") for name in ("version", "fingerprint", "rubric_version")
        )
        self._found(version, fingerprint, rubric)
        await ask_canary(self, deadline)

    async def reload(self, deadline: Deadline) -> bool:
        """See `FeedbackModel`."""
        return await self._connection.reload(MODEL, deadline)

    async def close(self) -> None:
        """See `FeedbackModel`."""
        await self._connection.close()


class InProcessBaseline(_Baseline):
    """The same files without a server, for machines where Triton cannot run."""

    def __init__(self, repository: Path = _REPOSITORY) -> None:
        super().__init__()
        module = load_rules(repository / MODEL / "1")
        self._assess = cast("Assess", module.assess)
        self.fingerprint = cast("str", module.FINGERPRINT)
        self._found(module.VERSION, module.FINGERPRINT, module.RUBRIC_VERSION)

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """See `FeedbackModel`; takes milliseconds, so the deadline is not looked at."""
        del deadline, repair
        try:
            answer = await asyncio.to_thread(self._assess, json.loads(request_json(exchange)))
        except ValueError:
            raise RequestFailed("invalid_argument") from None
        return read_answer(json.dumps(answer).encode())

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`."""
        await ask_canary(self, deadline)

    async def reload(self, deadline: Deadline) -> bool:
        """See `FeedbackModel`; there is no server."""
        del deadline
        return False

    async def close(self) -> None:
        """See `FeedbackModel`."""


def load_rules(folder: Path) -> ModuleType:
    """Import a Triton model's folder as the package it is inside Triton."""
    name = MODEL
    source = folder / "baseline.py"
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None or not source.exists():
        raise Misconfigured(f"The baseline's files are not at {folder}; feedback.triton_url must name a Triton server.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
