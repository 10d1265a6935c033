"""The reward head says how surely one reply to a client's turn is preferred to another, by the reader's vectors.

It is a Bradley-Terry model: a logistic regression without intercept on the differences of the vectors of pairs, which
come from the written replies and the better reply of each written exchange by ratings of ours
(`training/corpora/ratings.py`). Whoever wrote a suggestion wrote no score: the score follows from preferences alone.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.corpora.ratings import LEAST_GAP, Pair, written_pairs
from training.corpora.written import WrittenExchange
from training.reader.examples import BEFORE_CHARACTERS, TEXT_CHARACTERS

WEIGHTS, FACTS = "reward.npy", "reward.json"
REGULARISATION = 0.01
"""The inverse strength, as sklearn counts it. Across writers accuracy is the same from .003 to .1, and the log-loss of
pairs is lowest about here."""


def texts_of(pairs: Sequence[Pair]) -> dict[str, tuple[str, str]]:
    """Return what the reader reads for each reply of the pairs, by the reply's id."""
    return {
        reply.id: (pair.prompt[-BEFORE_CHARACTERS:], reply.text[:TEXT_CHARACTERS])
        for pair in pairs
        for reply in (pair.chosen, pair.rejected)
    }


def fit_reward(pairs: Sequence[Pair], vectors: Mapping[str, Any]) -> Any:
    """Return the weights of the head that puts chosen above rejected; `vectors` are the reader's, by a reply's id."""
    differences = np.stack([vectors[pair.chosen.id] - vectors[pair.rejected.id] for pair in pairs])
    # Each pair stands in both orders, since a regression needs both answers; without intercept they say the same.
    both = np.concatenate([differences, -differences])
    answers = np.repeat([1, 0], len(pairs))
    model = LogisticRegression(C=REGULARISATION, fit_intercept=False, max_iter=1_000).fit(both, answers)
    return model.coef_[0].astype(np.float32)


def write_reward(exchanges: Sequence[WrittenExchange], reader: Any, folder: Path) -> int:
    """Fit the head on all written exchanges with the served `reader`, write it into `folder`; returns the pairs."""
    pairs = written_pairs(exchanges)
    texts = texts_of(pairs)
    opinions = reader.read(list(texts.values()))
    weights = fit_reward(pairs, {name: one.vector for name, one in zip(texts, opinions, strict=True)})
    np.save(folder / WEIGHTS, weights, allow_pickle=False)
    facts = {
        "reader": reader.fingerprint,
        "pairs": len(pairs),
        "least_gap": LEAST_GAP,
        "regularisation": REGULARISATION,
    }
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return len(pairs)


def keep_reward(fingerprint: str, folder: Path) -> None:
    """Write that the head in `folder` belongs to the reader of this fingerprint, whose vectors are what they were."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    (folder / FACTS).write_text(json.dumps(facts | {"reader": fingerprint}, indent=1) + "\n", encoding="utf-8")
