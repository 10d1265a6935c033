"""The measure of dynamics: the six dimensions of each turn or window from 1 to 5, estimated from a few numbers.

The estimates are sums of what the reader hears, of lengths and of counted wordings, by weights that were fitted to
ratings of a language model (`training/measures`). They are a baseline, and say so.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Final

from stream.contracts.vocabulary import Role
from stream.measures.anchors import ANCHORS, HIGHEST, LOWEST, Dimension, RatedOn
from stream.measures.base import About, Card, Finding, Quantity, why_silent
from stream.measures.cues import CUES_VERSION
from stream.measures.features import features
from stream.measures.hearing import Heard
from stream.measures.turns import FinishedSession

WEIGHTS_FILE: Final = "dynamics.json"
_BYTES = resources.files(__package__).joinpath(WEIGHTS_FILE).read_bytes()
WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = json.loads(_BYTES)
SHOWN: Final = frozenset({Dimension.EMPATHY, Dimension.EXPLORATION, Dimension.SELF_DIRECTED_EMOTION})
"""The dimensions that people may be shown: those whose estimates are better than a constant and than length alone."""

CARD: Final = Card(
    "dynamics",
    f"1+{hashlib.sha256(_BYTES).hexdigest()[:8]}+{CUES_VERSION}",
    tuple(
        Quantity(
            dimension.value,
            About.CLIENT_TURN if anchors.rated_on is RatedOn.CLIENT_TURN else About.COUNSELLOR_TURN,
            anchors.question,
            LOWEST,
            HIGHEST,
            shown=dimension in SHOWN,
        )
        for dimension, anchors in ANCHORS.items()
    ),
    not_for=(
        "Rating a counsellor or a client: it describes turns, as a language model would rate them. Not for deciding"
        " about anybody, not for danger, not for diagnosing, not for comparing people."
    ),
)


class DynamicsMeasure:
    """The six dimensions, each of the turns that it is about; a window's stands at the reply that ends it."""

    card = CARD

    def findings(self, session: FinishedSession, heard: Heard) -> Iterator[Finding]:
        """See `Measure`."""
        for place, turn in enumerate(session.turns):
            silent = why_silent(session, heard, place)
            for dimension, anchors in ANCHORS.items():
                if (anchors.rated_on is RatedOn.CLIENT_TURN) is not (turn.role is Role.CLIENT):
                    continue
                if silent:
                    yield Finding(dimension.value, place + 1, absent=silent)
                else:
                    yield Finding(dimension.value, place + 1, number=estimate_at(dimension, session, heard, place))


def estimate_at(dimension: Dimension, session: FinishedSession, heard: Heard, place: int) -> float:
    """Return the estimate of a dimension for the turn at a place, or for the window that ends there."""
    return estimate(WEIGHTS[dimension.value], features(dimension, session, heard, place))


def estimate(weights: Mapping[str, float], found: Mapping[str, float]) -> float:
    """Return the sum of features by their weights, held within the scale; `intercept` is the weight of 1."""
    total = weights["intercept"] + sum(weights[name] * number for name, number in found.items())
    return round(min(max(total, LOWEST), HIGHEST), 2)
