"""A linear model over the words and the shape of a message and of the turn before it, which explains its scores."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from stream.detection.base import Detection, DetectorInput, TextCue
from stream.detection.features import ABOUT_BEFORE, BLOCKS, SCALE, Block, read_tokens, read_tokens_before
from stream.detection.text import Token

NAME: Final = "linear"
WEIGHTS = "weights/linear.json"
# The largest number of cues; more would not explain a score better.
_MAX_CUES = 5
# A word is a cue if it contributes at least this share of what the strongest word contributes.
_MIN_SHARE = 0.25


class LinearWeights(BaseModel):
    """The result of training: a weight for each term, a bias, and the threshold from which a score is flagged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    bias: float
    threshold: float = Field(gt=0, lt=1)
    terms: Mapping[Block, Mapping[str, float]] = Field(min_length=len(BLOCKS))


@dataclass(frozen=True, slots=True)
class LinearScore:
    """The score of one message, with the contribution of each known term of it and the term's tokens."""

    score: float
    tokens: Sequence[Token]
    contributions: Sequence[tuple[float, Sequence[int]]]
    """The part of the logit that each term of the message contributed, with the indices of its tokens."""

    def contribution_by_token(self) -> Mapping[int, float]:
        """Return the contribution of each token to the logit; that of a term is divided among its tokens."""
        by_token: dict[int, float] = defaultdict(float)
        for contribution, places in self.contributions:
            for place in places:
                by_token[place] += contribution / len(places)
        return by_token


class LinearDetector:
    """A detector that scores messages with trained weights, alike on every machine."""

    name = NAME

    def __init__(self, weights: LinearWeights, version: str) -> None:
        self.version = version
        self._weights = weights

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input, in order."""
        return [self._detect(message) for message in inputs]

    def _detect(self, message: DetectorInput) -> Detection:
        found = explain_score(self._weights, message)
        if found.score < self._weights.threshold:
            return Detection(found.score, flagged=False)
        return Detection(found.score, flagged=True, cues=find_cues(found))


def explain_score(weights: LinearWeights, message: DetectorInput) -> LinearScore:
    """Return the score of a message, with the contribution of each of its terms.

    A block is a 0/1 vector of its known terms, scaled to length 1 (hence the square root) and multiplied by its weight.
    """
    logit = weights.bias
    contributions: list[tuple[float, Sequence[int]]] = []
    said, before = read_tokens(message.text), read_tokens_before(message.previous_text)
    for block, extract in BLOCKS.items():
        table = weights.terms[block]
        terms = extract(before if block in ABOUT_BEFORE else said)
        known = [(table[term], places) for term, places in terms.items() if term in table]
        if not known:
            continue
        scale = SCALE[block] / math.sqrt(len(known))
        logit += scale * math.fsum(weight for weight, _ in known)
        if block not in ABOUT_BEFORE:  # cues are in the client's words alone
            contributions += ((scale * weight, places) for weight, places in known if places)
    return LinearScore(logistic(logit), said, contributions)


def load_linear() -> LinearDetector:
    """Return the detector with the weights that come with this package."""
    return LinearDetector(shipped_weights(), hashlib.sha256(_raw_weights()).hexdigest()[:12])


def shipped_weights() -> LinearWeights:
    """Return the weights that come with this package."""
    return LinearWeights.model_validate_json(_raw_weights())


def _raw_weights() -> bytes:
    return resources.files(__package__).joinpath(WEIGHTS).read_bytes()


def find_cues(linear: LinearScore) -> tuple[TextCue, ...]:
    """Return the words with the largest contributions, at most `_MAX_CUES`, sorted and without overlap."""
    contributions = linear.contribution_by_token()
    least = max(contributions.values(), default=0.0) * _MIN_SHARE
    runs = [TextCue(*run) for run in _runs(linear.tokens, contributions, least)]
    strongest = sorted(runs, key=lambda cue: (-cue.weight, cue.start))[:_MAX_CUES]
    return tuple(sorted(strongest, key=lambda cue: cue.start))


def _runs(tokens: Sequence[Token], contributions: Mapping[int, float], least: float) -> list[tuple[int, int, float]]:
    """Join neighbouring tokens that each contribute at least `least`, and return start, end and sum of each run."""
    runs: list[tuple[int, int, float]] = []
    last = -2
    for i in sorted(i for i, weight in contributions.items() if weight > 0 and weight >= least):
        token = tokens[i]
        if i == last + 1 and runs:
            start, _, weight = runs[-1]
            runs[-1] = (start, token.end, weight + contributions[i])
        else:
            runs.append((token.start, token.end, contributions[i]))
        last = i
    return runs


def logistic(x: float) -> float:
    """Return 1 / (1 + e^-x) without overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)
