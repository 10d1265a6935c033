"""Text to tokens exactly as the server does it: one begin-of-text before our prompt, one end of turn after the answer.

Our prompt spells the chat template out, so no template is applied and no special token is added a second time.
"""

from dataclasses import dataclass
from typing import Any, Final

from training.errors import DataError

_ENDS: Final = ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")
"""Where Llama 3.1 stops; `stream.feedback.models.llm` names the same three by number."""
_IGNORED = -100
"""What the loss leaves out, to transformers."""


@dataclass(frozen=True)
class TokenisedItem:
    """One item as the trainer takes it: the loss is on the answer alone."""

    input_ids: list[int]
    labels: list[int]


def prompt_token_ids(tokenizer: Any, instruction: str) -> list[int]:
    """The prompt, with the begin-of-text that the server adds (where the model has one).

    Raises:
        DataError: there would be two, or none.
    """
    ids: list[int] = tokenizer(instruction, add_special_tokens=False)["input_ids"]
    if tokenizer.bos_token_id is None:
        return ids
    whole = [tokenizer.bos_token_id, *ids]
    if whole.count(tokenizer.bos_token_id) != 1:
        raise DataError("A prompt holds a begin-of-text token of its own: the model would read two.")
    return whole


def tokenise(tokenizer: Any, instruction: str, output: str) -> TokenisedItem:
    """Prompt, answer and end of turn. The two are cut apart, for the server reads the prompt without the answer."""
    prompt = prompt_token_ids(tokenizer, instruction)
    answer = [*tokenizer(output, add_special_tokens=False)["input_ids"], end_of_turn(tokenizer)]
    return TokenisedItem([*prompt, *answer], [_IGNORED] * len(prompt) + answer)


def end_of_turn(tokenizer: Any) -> int:
    """Llama's own where the model has it, else what the model calls the end.

    Raises:
        DataError: it has neither.
    """
    found = tokenizer.get_vocab().get(_ENDS[-1], tokenizer.eos_token_id)
    if found is None:
        raise DataError("The model's tokeniser has no end of turn: it would never stop.")
    return int(found)


def stop_token_ids(tokenizer: Any) -> list[int]:
    """Where generation ends."""
    vocabulary = tokenizer.get_vocab()
    return sorted({end_of_turn(tokenizer), *(vocabulary[end] for end in _ENDS if end in vocabulary)})
