"""Builds the library of replies that fit many moments of a type of resistance, from the portable exchanges."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Mechanism
from training.corpora.written import WrittenExchange
from training.reader.evaluate import part
from training.reader.examples import BEFORE_CHARACTERS, TEXT_CHARACTERS
from training.reader.measures import expected_level
from training.reader.targets import REPLY_HEADS

TEXTS, VECTORS = "library.json", "library.npy"
_ROUNDING = 127  # the largest 8-bit number: a direction needs no more digits


def write_library(exchanges: Sequence[WrittenExchange], reader: Any, folder: Path) -> int:
    """Write the first reply of each exchange into `folder` with the served `reader`; returns the number of replies."""
    texts = [" ".join(each.replies[0].text) for each in exchanges]
    turns = reader.read([("", each.client_text[:TEXT_CHARACTERS]) for each in exchanges])
    replies = reader.read(
        [
            (each.client_text[-BEFORE_CHARACTERS:], text[:TEXT_CHARACTERS])
            for each, text in zip(exchanges, texts, strict=True)
        ]
    )
    logits = np.stack([opinion.reply for opinion in replies])
    levels = np.stack([expected_level(part(logits, REPLY_HEADS[mechanism.value])) for mechanism in Mechanism], axis=1)
    entries = [
        {
            "id": each.id,
            "type": each.label,
            "client": each.client_text,
            "text": text,
            "levels": [round(float(level), 2) for level in row],
        }
        for each, text, row in zip(exchanges, texts, levels, strict=True)
    ]
    directions = np.stack([opinion.vector for opinion in turns])
    directions /= np.abs(directions).max(axis=1, keepdims=True)
    np.save(folder / VECTORS, np.round(directions * _ROUNDING).astype(np.int8), allow_pickle=False)
    text = json.dumps({"entries": entries}, ensure_ascii=False, indent=0) + "\n"
    (folder / TEXTS).write_text(text, encoding="utf-8")
    return len(entries)
