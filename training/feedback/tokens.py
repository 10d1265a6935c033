"""Turns text into tokens as the server does, with one begin-of-text before the prompt and one end of turn at the end.

Our prompt contains the chat template, so no template is applied and no special token is added a second time.
"""

from dataclasses import dataclass
from typing import Any, Final

from training.errors import DataError

_ENDS: Final = ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")
"""The tokens at which Llama 3.1 stops; `stream.feedback.models.llm` names the same three by number."""
_IGNORED = -100
"""The label by which transformers leaves a token out of the loss."""


@dataclass(frozen=True)
class TokenisedItem:
    """An item as the trainer takes it; the loss is on the answer alone."""

    input_ids: list[int]
    labels: list[int]


def prompt_token_ids(tokenizer: Any, instruction: str) -> list[int]:
    """Return the tokens of the prompt, with the begin-of-text that the server adds if the model has one.

    Raises:
        DataError: there would be two of them, or none.
    """
    ids: list[int] = tokenizer(instruction, add_special_tokens=False)["input_ids"]
    if tokenizer.bos_token_id is None:
        return ids
    whole = [tokenizer.bos_token_id, *ids]
    if whole.count(tokenizer.bos_token_id) != 1:
        raise DataError("A prompt holds a begin-of-text token of its own: the model would read two.")
    return whole


def tokenise(tokenizer: Any, instruction: str, output: str) -> TokenisedItem:
    """Return the tokens of prompt, answer and end of turn.

    Prompt and answer are tokenised separately, since the server reads the prompt without the answer.
    """
    prompt = prompt_token_ids(tokenizer, instruction)
    answer = [*tokenizer(output, add_special_tokens=False)["input_ids"], end_of_turn(tokenizer)]
    return TokenisedItem([*prompt, *answer], [_IGNORED] * len(prompt) + answer)


def end_of_turn(tokenizer: Any) -> int:
    """Return the token that ends a turn: Llama's own if the model has it, else the model's end-of-text token.

    Raises:
        DataError: the model has neither.
    """
    found = tokenizer.get_vocab().get(_ENDS[-1], tokenizer.eos_token_id)
    if found is None:
        raise DataError("The model's tokeniser has no end of turn: it would never stop.")
    return int(found)


def stop_token_ids(tokenizer: Any) -> list[int]:
    """Return the tokens at which generation ends."""
    vocabulary = tokenizer.get_vocab()
    return sorted({end_of_turn(tokenizer), *(vocabulary[end] for end in _ENDS if end in vocabulary)})
