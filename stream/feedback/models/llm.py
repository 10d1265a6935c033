"""The language model behind Triton's vLLM backend: prompt in, JSON out, by the backend's own tensors."""

import json
import secrets
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Verdict
from stream.feedback.models.answer import SCHEMA_VERSION, ModelAnswer, Unusable, read_answer
from stream.feedback.models.base import Deadline, ModelAway, RequestFailed, ShownExchange, ask_canary
from stream.feedback.models.prompt import PROMPT_VERSION, STANDARD, Instructions, render
from stream.feedback.models.triton import Connection, Tensors

MODEL = "feedback_llm"
MAX_TOKENS = 1_600  # four reasons with quotations, two strengths and two alternatives take some 900
_STOP_TOKENS = [128001, 128008, 128009]  # Llama 3.1: end of text, end of message, end of turn
STRUCTURED_OUTPUTS = ("structured_outputs", "guided_decoding")
"""How Triton's vLLM backend calls the schema: since release 25.11, and through 25.10."""
_REPOSITORY = Path(__file__).parents[3] / "triton_models"
_OUTPUTS = ("text_output", "finish_reason")
_UNFINISHED = frozenset({"", "None"})


def weights_path() -> str:
    """Where Triton looks for the weights, as the model repository beside this code says."""
    return str(json.loads((_REPOSITORY / MODEL / "1" / "model.json").read_text())["model"])


def boundary() -> str:
    """A word nobody in the chat could know: 64 random bits."""
    return secrets.token_hex(8)


def answer_schema() -> dict[str, object]:
    """The JSON Schema that decoding is held to: every field said, and no word on patterns, which are the baseline's.

    A language model does not get away with "not assessed".
    """
    schema = ModelAnswer.model_json_schema()
    schema["$defs"]["Verdict"]["enum"] = [Verdict.CONFIRMED.value, Verdict.REJECTED.value]
    del schema["$defs"]["SuggestedReply"]["properties"]["pattern_id"]
    schema["required"] = list(schema["properties"])
    return schema


def sampling_parameters(*, key: str = STRUCTURED_OUTPUTS[0], lora: str = "") -> bytes:
    """All sampling values, for the backend has no useful defaults. The schema is JSON inside the JSON: so it asks.

    `key` is the backend's own name for the schema, `lora` an adapter of its multi_lora.json.
    """
    values: dict[str, object] = {
        "temperature": 0,
        "seed": 0,
        "max_tokens": MAX_TOKENS,
        "stop_token_ids": _STOP_TOKENS,
        key: json.dumps({"json": answer_schema()}),
    }
    if lora:
        values["lora_name"] = lora
    return json.dumps(values).encode()


class TritonLlm:
    """Llama-3.1-8B-Instruct, prompted or fine-tuned, behind Triton."""

    def __init__(
        self,
        connection: Connection,
        *,
        lora: str = "",
        instructions: Instructions = STANDARD,
        boundary: Callable[[], str] = boundary,
    ) -> None:
        """`lora` names an adapter that the server holds beside the weights; empty: the weights alone."""
        self._connection = connection
        self._instructions = instructions
        self._lora = lora
        self._boundary = boundary
        self._sampling = sampling_parameters(lora=lora)
        self._version: ModelVersion | None = None

    @property
    def version(self) -> ModelVersion:
        """Known once the canary has passed, for the weights are the server's to tell."""
        if self._version is None:
            raise RuntimeError("ask the canary first")
        return self._version

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """See `FeedbackModel`."""
        inputs: Tensors = {
            "text_input": self._prompt(exchange, repair).encode(),
            "stream": False,
            "sampling_parameters": self._sampling,
            "exclude_input_in_output": True,  # otherwise the prompt stands before the answer
            "return_finish_reason": True,
        }
        text: list[str] = []
        finish_reason = ""
        async with aclosing(self._connection.stream(MODEL, inputs, _OUTPUTS, deadline)) as responses:
            async for response in responses:
                text.append(response["text_output"])
                finish_reason = response["finish_reason"]
        if finish_reason in _UNFINISHED:
            raise RequestFailed("broken_stream")
        if finish_reason != "stop":
            raise Unusable("cut")  # "length" is JSON without its end
        return read_answer("".join(text).encode())

    def _prompt(self, exchange: ShownExchange, repair: str | None) -> str:
        return render(exchange, boundary=self._boundary(), repair=repair, instructions=self._instructions)

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`."""
        try:
            parameters = await self._connection.parameters(MODEL, deadline)
        except RequestFailed as error:
            raise ModelAway(error.why) from None
        prompt = parameters.get("prompt_version", "")
        if prompt != PROMPT_VERSION:
            raise Misconfigured(
                f"Triton serves {MODEL} for prompt version {prompt or 'unknown'}, but this version speaks"
                f" {PROMPT_VERSION}. Deploy the model repository of the same release."
            )
        key = parameters.get("structured_output_key", STRUCTURED_OUTPUTS[0])
        if key not in STRUCTURED_OUTPUTS:
            raise Misconfigured(
                f"structured_output_key in {MODEL}/config.pbtxt is {key}; it must be {' or '.join(STRUCTURED_OUTPUTS)}."
            )
        self._sampling = sampling_parameters(key=key, lora=self._lora)
        weights = parameters.get("weights", "unknown")
        self._version = ModelVersion(
            name=parameters.get("display_name", MODEL) + (f" with adapter {self._lora}" if self._lora else ""),
            adapter="llm",
            weights=f"{weights}+{self._lora}" if self._lora else weights,
            prompt=PROMPT_VERSION,
            rubric=RUBRIC_VERSION,
            schema_version=SCHEMA_VERSION,
        )
        await ask_canary(self, deadline)

    async def reload(self, deadline: Deadline) -> bool:
        """See `FeedbackModel`."""
        return await self._connection.reload(MODEL, deadline)

    async def close(self) -> None:
        """See `FeedbackModel`."""
        await self._connection.close()
