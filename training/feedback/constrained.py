"""Answers held to a JSON Schema while they are written: the likeliest token each time that the schema lets through.

`llguidance` decides what may come next, as in one of the engines of vLLM. Where only one text can come, such as the
name of a field, it is read at once instead of being asked for token by token.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from training.errors import DataError
from training.feedback.small_base import MISSING
from training.feedback.tokens import end_of_turn, prompt_token_ids

_WHITESPACE: Final[Any] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON as `json.dumps` writes it, and so as the training data have it."""


@dataclass(frozen=True)
class Generated:
    """An answer, and why it ended: `stop` where it is whole, `length` where the tokens ran out."""

    text: str
    finish_reason: str
    prompt_tokens: int
    tokens: int


class ConstrainedWriter:
    """A causal model that writes JSON. One answer at a time."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """`model` and `tokenizer` are those of transformers.

        Raises:
            DataError: llguidance is missing.
        """
        try:
            import llguidance.hf  # noqa: PLC0415 - only serving and evaluating need it
        except ModuleNotFoundError:
            raise DataError(MISSING) from None
        self._model = model
        self._tokenizer = tokenizer
        self._end = end_of_turn(tokenizer)
        self._tokens = llguidance.hf.from_tokenizer(tokenizer, n_vocab=model.config.vocab_size, eos_token=self._end)
        self._grammars: dict[str, str] = {}

    def write(self, instruction: str, schema: dict[str, Any], max_tokens: int) -> Generated:
        """Return the answer to a prompt.

        Raises:
            DataError: the schema is none that can be held to.
        """
        import torch  # noqa: PLC0415
        from llguidance import LLMatcher  # noqa: PLC0415

        matcher = LLMatcher(self._tokens, self._grammar(schema), log_level=0)
        if matcher.is_error():
            raise DataError("The schema cannot be held to.")
        prompt = prompt_token_ids(self._tokenizer, instruction)
        read, past = prompt, None
        written: list[int] = []
        with torch.inference_mode():
            while len(written) < max_tokens and not matcher.is_stopped():
                unread = torch.tensor([read], device=self._model.device)
                out = self._model(input_ids=unread, past_key_values=past, use_cache=True, logits_to_keep=1)
                past = out.past_key_values
                token = self._likeliest(out.logits[0, -1], matcher)
                if token == self._end:
                    return Generated(self._tokens.decode_str(written), "stop", len(prompt), len(written))
                matcher.consume_token(token)
                forced = matcher.compute_ff_tokens()
                matcher.consume_tokens(forced)
                read = [token, *forced]
                written += read
        whole = matcher.is_accepting() and len(written) <= max_tokens
        return Generated(self._tokens.decode_str(written), "stop" if whole else "length", len(prompt), len(written))

    def _grammar(self, schema: dict[str, Any]) -> str:
        from llguidance import LLMatcher  # noqa: PLC0415

        key = json.dumps(schema)
        if key not in self._grammars:
            self._grammars[key] = LLMatcher.grammar_from_json_schema(key, overrides=_WHITESPACE)
        return self._grammars[key]

    def _likeliest(self, logits: Any, matcher: Any) -> int:
        import torch  # noqa: PLC0415

        allowed = torch.frombuffer(bytearray(matcher.compute_logit_bias()), dtype=torch.uint8)[: logits.shape[0]]
        return int(logits.masked_fill(allowed.to(logits.device) == 0, float("-inf")).argmax())
