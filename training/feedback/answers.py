"""The answers of a trained fold on sessions it has not seen, kept line by line so that an evaluation can be resumed.

Generation is deterministic: the likeliest token each time. Without a schema the share that cannot be read is an upper
bound, since the server holds answers to one; with it the answers are those that would be served.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.feedback.constrained import ConstrainedWriter
from training.feedback.data import Item
from training.feedback.prompt_part import part_of_prompt
from training.feedback.run import RunRecord
from training.feedback.settings import Method
from training.feedback.tokens import prompt_token_ids, stop_token_ids
from training.feedback.train import load_model, peak_bytes

FILE = "answers.jsonl"
_OWNER_ONLY = 0o600


class Answer(BaseModel):
    """An answer of a model to an item, and what writing it took."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    item: int
    text: str = Field(repr=False)
    held_to_schema: bool
    tokens: int
    """How many tokens were written, those that the schema left no choice of included."""
    seconds: float
    """From the prompt to the last token."""
    peak_bytes: int
    """The most memory in use until then: the GPU's, or that of the process."""


def generate_answers(
    items: Sequence[Item],
    test: Sequence[int],
    part: Path,
    run: RunRecord,
    *,
    max_tokens: int,
    step: Callable[[], None],
    schema: dict[str, Any] | None = None,
    download: bool = False,
) -> dict[int, Answer]:
    """Return the answers of the model of `part` to its test items, by index; `step` is called after each.

    With a schema every answer is held to it, and one that is known without is asked for again.

    Raises:
        DataError: the model cannot be loaded.
    """
    kept = _read(part / FILE)
    known = {each.item: each for each in kept if each.item in set(test) and each.held_to_schema == (schema is not None)}
    for _ in known:
        step()
    missing = [place for place in test if place not in known]
    if not missing:
        return known
    model, tokenizer = load_trained(part / "model", run, download=download)
    writer = None if schema is None else ConstrainedWriter(model, tokenizer)
    handle = os.open(part / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        for place in missing:
            instruction = part_of_prompt(items[place].instruction, run.recipe.prompt)
            begun = time.monotonic()
            if writer is None or schema is None:
                text, tokens = _generate(model, tokenizer, instruction, max_tokens)
            else:
                written = writer.write(instruction, schema, max_tokens)
                text, tokens = written.text, written.tokens
            known[place] = Answer(
                item=place,
                text=text,
                held_to_schema=schema is not None,
                tokens=tokens,
                seconds=round(time.monotonic() - begun, 3),
                peak_bytes=peak_bytes(),
            )
            file.write(known[place].model_dump_json() + "\n")
            file.flush()
            step()
    return known


def load_trained(folder: Path, run: RunRecord, *, download: bool) -> tuple[Any, Any]:
    """Return a trained model, on the GPU where there is one, and its tokeniser.

    Raises:
        DataError: the model cannot be loaded.
    """
    if run.recipe.method is Method.FULL:
        model, tokenizer = load_model(str(folder), download=False)
    else:
        model, tokenizer = load_model(run.base_model, download=download)
        from peft import PeftModel  # noqa: PLC0415

        model = PeftModel.from_pretrained(model, str(folder))
    import torch  # noqa: PLC0415

    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer


def _generate(model: Any, tokenizer: Any, instruction: str, max_tokens: int) -> tuple[str, int]:
    """Return the answer without a schema, and its number of tokens."""
    import torch  # noqa: PLC0415

    prompt = torch.tensor([prompt_token_ids(tokenizer, instruction)], device=model.device)
    with torch.inference_mode():
        whole = model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=max_tokens,
            do_sample=False,
            temperature=None,
            top_p=None,
            eos_token_id=stop_token_ids(tokenizer),
            pad_token_id=tokenizer.pad_token_id,
        )
    written = whole[0, prompt.shape[1] :]
    return str(tokenizer.decode(written, skip_special_tokens=True)), len(written)


def _read(path: Path) -> list[Answer]:
    """Read the answers that exist; an incomplete line is answered again."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            found.append(Answer.model_validate_json(line))
        except ValidationError:
            continue
    path.write_text("".join(f"{each.model_dump_json()}\n" for each in found), encoding="utf-8")
    return found
