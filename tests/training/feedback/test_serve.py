"""Requests are answered by line, and a failed one says the kind of its error and nothing of the chat."""

import json
from io import StringIO
from typing import Any

import pytest

from stream.feedback.models.base import CANARY
from stream.feedback.models.prompt import render_prompt
from training.errors import DataError
from training.feedback.constrained import Generated
from training.feedback.serve import READY, open_writer, serve
from training.feedback.settings import PromptPart

PROMPT = render_prompt(CANARY, boundary="b")


class Echo:
    """A writer that repeats what it was given, or fails."""

    def write(self, instruction: str, schema: dict[str, Any], max_tokens: int) -> Generated:
        """Repeat the schema and the length of the prompt."""
        if max_tokens == 13:
            raise RuntimeError(instruction)
        return Generated(f"{schema} {len(instruction)}", "stop", 1, 1)


def answers(*lines: str, part: PromptPart = PromptPart.WHOLE) -> list[Any]:
    """Return the answers to these lines, after the line that says that requests may come."""
    out = StringIO()
    serve(Echo(), part, lines, out)
    first, *rest = out.getvalue().splitlines()
    assert first == READY
    return [json.loads(line) for line in rest]


def request(**changes: Any) -> str:
    """Return a request as the server sends it."""
    return json.dumps({"prompt": PROMPT, "answer_schema": {"type": "object"}, "max_tokens": 9} | changes)


def test_each_line_is_answered_in_order() -> None:
    """Each request gets one line with its text and the reason for its end."""
    found = answers(request(), request(answer_schema={}))
    assert [one["text"] for one in found] == [f"{{'type': 'object'}} {len(PROMPT)}", f"{{}} {len(PROMPT)}"]
    assert {one["finish_reason"] for one in found} == {"stop"}


def test_the_model_reads_the_part_it_was_trained_on() -> None:
    """A model that learnt from the exchange alone is asked about the exchange alone."""
    (found,) = answers(request(), part=PromptPart.EXCHANGE)
    assert int(found["text"].rpartition(" ")[2]) < len(PROMPT) / 10


@pytest.mark.parametrize(
    ("line", "kind"),
    [("{", "ValidationError"), (request(max_tokens=0), "ValidationError"), (request(max_tokens=13), "RuntimeError")],
)
def test_an_error_is_told_without_the_chat(line: str, kind: str) -> None:
    """A request that fails is answered with the kind of error alone, and the next one is answered."""
    assert answers(line, request())[0] == {"error": kind}
    assert "text" in answers(line, request())[1]


def test_a_run_that_is_not_finished_is_refused(tmp_path: Any) -> None:
    """A folder that holds no finished run is refused before anything is loaded."""
    with pytest.raises(DataError, match="no run of"):
        open_writer(tmp_path)
