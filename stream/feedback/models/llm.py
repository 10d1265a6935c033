"""The language model behind Triton's vLLM backend: prompt in, JSON out, by the backend's own tensors."""

import json
import secrets
from collections.abc import Callable
from contextlib import aclosing

from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Verdict
from stream.feedback.models.answer import SCHEMA_VERSION, ModelAnswer, UnusableAnswer, parse_answer
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed, ShownExchange, ask_canary
from stream.feedback.models.prompt import PROMPT_VERSION, STANDARD, Instructions, render_prompt
from stream.feedback.models.triton import Connection, Tensors
from stream.model_repository import version_folder

MODEL = "feedback_llm"
MAX_TOKENS = 1_600  # four reasons with quotations, two strengths and two alternatives take some 900
_STOP_TOKENS = [128001, 128008, 128009]  # Llama 3.1: end of text, end of message, end of turn
STRUCTURED_OUTPUTS = ("structured_outputs", "guided_decoding")
"""How Triton's vLLM backend calls the schema: since release 25.11, and through 25.10."""
_OUTPUTS = ("text_output", "finish_reason")
_UNFINISHED = frozenset({"", "None"})


def weights_path() -> str:
    """Return the path at which Triton looks for the weights, as the model repository says."""
    return str(json.loads((version_folder(MODEL) / "model.json").read_text())["model"])


def random_boundary() -> str:
    """Return 64 random bits as a word that nobody in the chat could know."""
    return secrets.token_hex(8)


def answer_schema() -> dict[str, object]:
    """The JSON Schema that decoding is held to: every field said, and none of those that are the baseline's alone.

    A language model does not get away with "not assessed".
    """
    schema = ModelAnswer.model_json_schema()
    schema["$defs"]["Verdict"]["enum"] = [Verdict.CONFIRMED.value, Verdict.REJECTED.value]
    for name in ("critical_is_sure", "possible_injection", "confidence", "spares"):
        del schema["properties"][name]
    for name in ("written_id", "written_for", "score"):
        del schema["$defs"]["SuggestedReply"]["properties"][name]
    schema["required"] = list(schema["properties"])
    return schema


def sampling_parameters(*, key: str = STRUCTURED_OUTPUTS[0], lora: str = "") -> bytes:
    """Return all sampling values, since the backend has no useful defaults; the schema is JSON inside of the JSON.

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
        random_boundary: Callable[[], str] = random_boundary,
    ) -> None:
        """`lora` names an adapter that the server holds beside the weights; empty: the weights alone."""
        self._connection = connection
        self._instructions = instructions
        self._lora = lora
        self._boundary = random_boundary
        self._sampling = sampling_parameters(lora=lora)
        self._version: ModelVersion | None = None

    @property
    def version(self) -> ModelVersion:
        """The version, known once the canary has passed, since only the server knows the weights."""
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
            raise UnusableAnswer("cut")  # "length" is JSON without its end
        return parse_answer("".join(text).encode())

    def _prompt(self, exchange: ShownExchange, repair: str | None) -> str:
        return render_prompt(exchange, boundary=self._boundary(), repair=repair, instructions=self._instructions)

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`."""
        try:
            parameters = await self._connection.parameters(MODEL, deadline)
        except RequestFailed as error:
            raise ModelUnavailable(error.code) from None
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
