"""The reader: one small encoder that hears resistance, critical content, levels, techniques, mistakes, planted text.

A pair of texts goes in, three vectors come out: what the second text is as a client's turn after the first, what it is
as a reply to the first, and the vector under both. Pairs are read one at a time and without padding, so that an answer
does not depend on what else is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

GRAPH = "reader.onnx"
TOKENIZER = "tokenizer.json"
ANSWERS = "answers.json"
MAX_TOKENS = 256
"""Tokens of a pair, as in training; longer pairs lose the end of their longer text."""


class Opinion(NamedTuple):
    """The logits of a pair as turn and as reply, and its vector; the places of the logits are in answers.json."""

    turn: Any
    reply: Any
    vector: Any


class Reader:
    """A reader that never changes after its creation, so that threads can share it."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        # One thread a pair: with two, pairs of this size are slower, and servers run an instance a core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
        self.fingerprint = fingerprint(folder)

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
        """Return one opinion per pair, in order."""
        return [self._read(encoding.ids, encoding.type_ids) for encoding in self._tokenizer.encode_batch(list(pairs))]

    def _read(self, ids: Sequence[int], kinds: Sequence[int]) -> Opinion:
        given = {"ids": np.array([ids], dtype=np.int64), "kinds": np.array([kinds], dtype=np.int64)}
        turn, reply, vector = self._session.run(["turn", "reply", "vector"], given)
        return Opinion(turn[0], reply[0], vector[0])


def fingerprint(folder: Path) -> str:
    """Return the hash of the files that an answer depends on."""
    digest = hashlib.sha256()
    for name in (GRAPH, TOKENIZER, ANSWERS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def answers(folder: Path) -> dict[str, Any]:
    """Return the names and places of the logits, and the calibration."""
    found: dict[str, Any] = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    return found
