"""A trained model that answers requests by line: JSON on standard input, JSON on standard output, one after the other.

So a model can stand behind a server whose own Python cannot hold it: Triton's back end for it
(tests/triton_backends/transformers) starts this and passes requests on. Prompts and answers stay in these two pipes.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.errors import DataError
from training.feedback.answers import load_trained
from training.feedback.constrained import ConstrainedWriter, Generated
from training.feedback.prompt_part import part_of_prompt
from training.feedback.run import FINAL, RunRecord, read_result, read_run
from training.feedback.settings import PromptPart

READY: Final = "ready"
"""The first line that is written: from here on requests are answered."""


class Request(BaseModel):
    """A request for one answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    prompt: str = Field(min_length=1, repr=False)
    answer_schema: dict[str, Any] = Field(repr=False)
    max_tokens: int = Field(ge=1)


class Writer(Protocol):
    """What writes an answer that is held to a schema."""

    def write(self, instruction: str, schema: dict[str, Any], max_tokens: int) -> Generated:
        """Return the answer to a prompt."""


def open_writer(run: Path, part: str = FINAL) -> tuple[Writer, PromptPart]:
    """Return the model of a finished part of a run, and the part of a prompt that it reads.

    Raises:
        DataError: the part is not finished, or the model cannot be loaded.
    """
    record: RunRecord = read_run(run)
    if read_result(run / part) is None:
        raise DataError(f"{run / part} holds no finished model.")
    model, tokenizer = load_trained(run / part / "model", record, download=False)
    return ConstrainedWriter(model, tokenizer), record.recipe.prompt


def serve(writer: Writer, part: PromptPart, requests: Iterable[str], answers: TextIO = sys.stdout) -> None:
    """Answer each line until there are no more; a request that fails is answered with its kind of error alone."""
    print(READY, file=answers, flush=True)
    for line in requests:
        print(json.dumps(_answer(writer, part, line)), file=answers, flush=True)


def _answer(writer: Writer, part: PromptPart, line: str) -> dict[str, Any]:
    try:
        request = Request.model_validate_json(line)
        found = writer.write(part_of_prompt(request.prompt, part), request.answer_schema, request.max_tokens)
    except (DataError, ValidationError, RuntimeError, ValueError) as error:
        return {"error": type(error).__name__}  # the error's own text may quote the chat
    return {"text": found.text, "finish_reason": found.finish_reason}
