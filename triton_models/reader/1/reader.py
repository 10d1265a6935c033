"""The reader: one small encoder that hears resistance, critical content, levels, techniques, mistakes, planted text.

Resistance is heard by linear models over words too (`words.py`), and the answer is of both.

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
from tokenizers import Encoding

from .tokens import TOKENIZER, load_tokenizer, tokens_of
from .words import BEHAVIOURS, WORDS, Words, with_words

GRAPH = "reader.onnx"
ANSWERS = "answers.json"


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
        self._tokenizer = load_tokenizer(folder)
        self._words = Words.read(folder)
        self._resistance = slice(*answers(folder)["turn"]["resistance"])
        self.fingerprint = fingerprint(folder)

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
        """Return one opinion per pair, in order."""
        return [self._read(encoding) for encoding in self._tokenizer.encode_batch(list(pairs))]

    def _read(self, encoding: Encoding) -> Opinion:
        given = {
            "ids": np.array([encoding.ids], dtype=np.int64),
            "kinds": np.array([encoding.type_ids], dtype=np.int64),
        }
        turn, reply, vector = self._session.run(["turn", "reply", "vector"], given)
        heard = turn[0].copy()
        heard[self._resistance] = with_words(heard[self._resistance], self._words.hear(*tokens_of(encoding)))
        return Opinion(heard, reply[0], vector[0])


def fingerprint(folder: Path) -> str:
    """Return the hash of the files that an answer depends on."""
    digest = hashlib.sha256()
    for name in (GRAPH, TOKENIZER, ANSWERS, WORDS, BEHAVIOURS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def answers(folder: Path) -> dict[str, Any]:
    """Return the names and places of the logits, and the calibration."""
    found: dict[str, Any] = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    return found
