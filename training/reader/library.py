"""Builds the library of replies that people wrote in similar moments, from the written exchanges."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Mechanism
from stream.feedback.gate.blame import contains_blame
from stream.feedback.gate.suggestions import find_fault
from stream.feedback.models.answer import MAX_REASON, MAX_SENTENCE
from training.corpora.written import WrittenExchange
from training.reader.evaluate import part
from training.reader.examples import BEFORE_CHARACTERS, TEXT_CHARACTERS
from training.reader.measures import expected_level
from training.reader.targets import REPLY_HEADS

TEXTS, VECTORS = "library.json", "library.npy"
NEAREST = 0.8
"""The least cosine of two moments at which one is similar to the other; chosen by reading pairs."""
_ROUNDING = 127  # the largest 8-bit number: a direction needs no more digits


def moments(exchanges: Sequence[WrittenExchange]) -> list[WrittenExchange]:
    """Return the exchanges whose better reply may be offered.

    The client resists, nothing is critical, the gate would let the reply through, and the client's words, which are
    shown beside it, are few enough.
    """
    return [
        each
        for each in exchanges
        if each.label != "none"
        and each.critical is None
        and each.better
        and _may_be_shown(each.better)
        and len(each.client_text) <= MAX_REASON
    ]


def _may_be_shown(reply: str) -> bool:
    return len(reply) <= MAX_SENTENCE and find_fault(reply) is None and not contains_blame(reply, "")


def write_library(exchanges: Sequence[WrittenExchange], reader: Any, folder: Path, nearest: float) -> int:
    """Write the library into `folder` with the served `reader`; returns the number of replies."""
    own = moments(exchanges)
    turns = reader.read([(each.before[-BEFORE_CHARACTERS:], each.client_text[:TEXT_CHARACTERS]) for each in own])
    replies = reader.read([(each.client_text[-BEFORE_CHARACTERS:], each.better[:TEXT_CHARACTERS]) for each in own])
    logits = np.stack([opinion.reply for opinion in replies])
    levels = np.stack([expected_level(part(logits, REPLY_HEADS[mechanism.value])) for mechanism in Mechanism], axis=1)
    entries = [
        {
            "id": each.id,
            "type": each.label,
            "client": each.client_text,
            "text": each.better,
            "levels": [round(float(level), 2) for level in row],
        }
        for each, row in zip(own, levels, strict=True)
    ]
    directions = np.stack([opinion.vector for opinion in turns])
    directions /= np.abs(directions).max(axis=1, keepdims=True)
    np.save(folder / VECTORS, np.round(directions * _ROUNDING).astype(np.int8), allow_pickle=False)
    text = json.dumps({"nearest": nearest, "entries": entries}, ensure_ascii=False, indent=0) + "\n"
    (folder / TEXTS).write_text(text, encoding="utf-8")
    return len(own)
