"""The CPU baseline: one JSON tensor in, one out; behind Triton, or in this process where no Triton runs."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any, cast

from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC_VERSION
from stream.feedback.models.answer import SCHEMA_VERSION, ModelAnswer, parse_answer
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed, ShownExchange, ask_canary
from stream.feedback.models.reader import READER, load_reader
from stream.feedback.models.triton import Connection
from stream.model_repository import MODEL_REPOSITORY, import_model_file, version_folder

MODEL = "feedback_baseline"
_FINGERPRINT_DIGITS = 12  # hexadecimal digits: enough to tell versions apart, short enough to read


def request_json(exchange: ShownExchange) -> bytes:
    """Return the baseline's input, which is the shown messages and nothing else."""
    messages = [
        {"number": message.number, "part": message.part, "role": message.role, "text": message.text}
        for message in exchange.messages
    ]
    return json.dumps({"schema": SCHEMA_VERSION, "messages": messages}, ensure_ascii=False).encode()


class _BaselineModel:
    """The part that both implementations of the baseline share."""

    def __init__(self) -> None:
        self._version: ModelVersion | None = None

    @property
    def version(self) -> ModelVersion:
        """The version, known once the canary has passed, since only the server knows the weights' version."""
        if self._version is None:
            raise RuntimeError("ask the canary first")
        return self._version

    def _set_version(self, version: str, fingerprint: str, rubric: str) -> None:
        if rubric != RUBRIC_VERSION:
            raise Misconfigured(
                f"Triton serves {MODEL} for rubric {rubric or 'unknown'}, but this version needs {RUBRIC_VERSION}."
                " Deploy the model repository of the same release."
            )
        self._version = ModelVersion(
            name="CPU baseline",
            adapter="baseline",
            weights=f"{version}+{fingerprint[:_FINGERPRINT_DIGITS]}",
            prompt="none",
            rubric=RUBRIC_VERSION,
            schema_version=SCHEMA_VERSION,
            is_baseline=True,
        )


class TritonBaseline(_BaselineModel):
    """The baseline behind Triton."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """See `FeedbackModel`. The baseline has no use for `repair`: it answers the same to the same words."""
        del repair
        return parse_answer(
            await self._connection.infer(MODEL, {"REQUEST": request_json(exchange)}, "RESPONSE", deadline)
        )

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`."""
        try:
            parameters = await self._connection.parameters(MODEL, deadline)
        except RequestFailed as error:
            raise ModelUnavailable(error.code) from None
        version, fingerprint, rubric = (
            parameters.get(name, "") for name in ("version", "fingerprint", "rubric_version")
        )
        self._set_version(version, fingerprint, rubric)
        await ask_canary(self, deadline)

    async def reload(self, deadline: Deadline) -> bool:
        """See `FeedbackModel`; the reader too, since the baseline cannot answer without it."""
        reader = await self._connection.reload(READER, deadline)
        return await self._connection.reload(MODEL, deadline) and reader

    async def close(self) -> None:
        """See `FeedbackModel`."""
        await self._connection.close()


class InProcessBaseline(_BaselineModel):
    """The baseline run from the same files without a server, for machines where Triton cannot run."""

    def __init__(self, repository: Path = MODEL_REPOSITORY) -> None:
        super().__init__()
        module = load_baseline(version_folder(MODEL, repository))
        reader_module, reader = load_reader(version_folder(READER, repository))
        self._assess = partial(
            module.assess,
            read=reader.read,
            answers=module.Answers(reader_module.answers(version_folder(READER, repository))),
            library=module.Library.read(version_folder(MODEL, repository)),
        )
        self.fingerprint = cast("str", module.FINGERPRINT)
        self._set_version(module.VERSION, module.FINGERPRINT, module.RUBRIC_VERSION)

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """See `FeedbackModel`; takes a fraction of a second, so the deadline is not looked at."""
        del deadline, repair
        try:
            answer = await asyncio.to_thread(self._assess, json.loads(request_json(exchange)))
        except ValueError:
            raise RequestFailed("invalid_argument") from None
        return parse_answer(json.dumps(answer).encode())

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`."""
        await ask_canary(self, deadline)

    async def reload(self, deadline: Deadline) -> bool:
        """See `FeedbackModel`; there is no server."""
        del deadline
        return False

    async def close(self) -> None:
        """See `FeedbackModel`."""


def load_baseline(folder: Path) -> Any:
    """Import the baseline's files as the package they are inside Triton.

    Raises:
        Misconfigured: they are not there.
    """
    try:
        return import_model_file(folder / "baseline.py", MODEL)
    except FileNotFoundError:
        raise Misconfigured(
            f"The baseline's files are not at {folder}; feedback.triton_url must name a Triton server."
        ) from None
