"""What a Llama of the size of Llama-3.1-8B needs on this machine: memory, tokens a second, seconds for one exchange.

The weights are random, so that none have to be fetched: time and memory hang on their number and kind, not on what they
say. Answers have one length, and a batch waits for all of its own; vLLM, which joins and leaves requests as they come,
does better.
"""

import time
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from training.errors import DataError
from training.precision import has_bf16

EIGHT_B: Final = {
    "vocab_size": 128_256,
    "hidden_size": 4_096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8_192,
}
"""The shape of Llama-3.1-8B."""
BATCHES: Final = (1, 8, 32)
PROMPT_TOKENS: Final = 4_500
"""Instructions, examples and an exchange; a server that keeps the shared beginning reads a tenth of it."""
ANSWER_TOKENS: Final = 500


class BatchFigures(BaseModel):
    """The figures of one size of batch."""

    model_config = ConfigDict(frozen=True)

    batch: int
    read_s: float
    """Until the first token of the answers."""
    whole_s: float
    """Until the last token: how long one exchange waits at this size."""
    tokens_per_s: float
    """Tokens written a second, of all answers together, after the first."""
    peak_gpu_bytes: int | None


class ShapeFigures(BaseModel):
    """The figures of a shape on one device."""

    model_config = ConfigDict(frozen=True)

    device: str
    parameters: int
    bytes_a_weight: int
    prompt_tokens: int
    answer_tokens: int
    batches: tuple[BatchFigures, ...]


def measure_shape(
    shape: dict[str, int],
    *,
    batches: tuple[int, ...] = BATCHES,
    prompt_tokens: int = PROMPT_TOKENS,
    answer_tokens: int = ANSWER_TOKENS,
) -> ShapeFigures:
    """Return the figures of a random Llama of this shape, on the GPU where there is one.

    Raises:
        DataError: what trains is not installed.
    """
    try:
        import torch  # noqa: PLC0415 - only training needs it; seconds to import
        from transformers import LlamaConfig, LlamaForCausalLM  # noqa: PLC0415
    except ModuleNotFoundError:
        raise DataError("Nothing here can hold a Llama: `make setup-training`.") from None
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    half = on_gpu or has_bf16("cpu")
    torch.set_default_dtype(torch.bfloat16 if half else torch.float32)
    try:
        with device:
            model = LlamaForCausalLM(LlamaConfig(**shape)).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    figures = tuple(_measure(model, batch, prompt_tokens, answer_tokens) for batch in batches)
    return ShapeFigures(
        device=torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads",
        bytes_a_weight=2 if half else 4,
        parameters=sum(weights.numel() for weights in model.parameters()),
        prompt_tokens=prompt_tokens,
        answer_tokens=answer_tokens,
        batches=figures,
    )


def _measure(model: Any, batch: int, prompt_tokens: int, answer_tokens: int) -> BatchFigures:
    import torch  # noqa: PLC0415

    on_gpu = model.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    unread = torch.randint(model.config.vocab_size, (batch, prompt_tokens), device=model.device)
    begun, past, first = time.monotonic(), None, 0.0
    with torch.inference_mode():
        for _ in range(answer_tokens):
            out = model(input_ids=unread, past_key_values=past, use_cache=True, logits_to_keep=1)
            past, unread = out.past_key_values, out.logits[:, -1:].argmax(-1)
            unread = unread.cpu().to(model.device)  # an answer is looked at as it is written: nothing runs ahead
            first = first or time.monotonic() - begun
    whole = time.monotonic() - begun
    return BatchFigures(
        batch=batch,
        read_s=round(first, 3),
        whole_s=round(whole, 3),
        tokens_per_s=round(batch * (answer_tokens - 1) / max(whole - first, 1e-9), 1),
        peak_gpu_bytes=int(torch.cuda.max_memory_allocated()) if on_gpu else None,
    )
