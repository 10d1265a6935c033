"""A linear model over words and parts of words, combined with a list of phrases, that explains its scores."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Detection, DetectorInput, TextCue
from stream.detection.features import BLOCKS, SCALE, Block, KnownTerms, read_tokens
from stream.detection.phrases import Phrase, find_phrases, phrase_file
from stream.detection.text import Token

NAME: Literal["linear"] = "linear"
WEIGHTS = "weights/linear.json"
# The largest number of cues; more would not explain a score better.
_MAX_CUES = 5
# A word is a cue if it contributes at least this share of what the strongest word contributes.
_MIN_SHARE = 0.25


class LinearWeights(BaseModel):
    """The result of training: a weight for each term, a bias, and a threshold for each operating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    bias: float
    thresholds: Mapping[OperatingPoint, float]
    terms: Mapping[Block, Mapping[str, float]]
    seen: tuple[str, ...] = ()
    """Fingerprints of the conversations in the training data, so that an evaluation can exclude them."""


@dataclass(frozen=True, slots=True)
class LinearScore:
    """The linear model's score of one message, with the contribution of each known term and the term's tokens."""

    score: float
    tokens: Sequence[Token]
    contributions: Sequence[tuple[float, Sequence[int]]]
    """The part of the logit that each term contributed, with the indices of its tokens."""

    def contribution_by_token(self) -> Mapping[int, float]:
        """Return the contribution of each token to the logit; that of a term is divided among its tokens."""
        by_token: dict[int, float] = defaultdict(float)
        for contribution, places in self.contributions:
            for place in places:
                by_token[place] += contribution / len(places)
        return by_token


class LinearDetector:
    """A detector that scores messages with trained weights and known phrases, alike on every machine."""

    name = NAME
    slow = False

    def __init__(self, weights: LinearWeights, operating_point: OperatingPoint, version: str) -> None:
        self.version = version
        self.operating_point = operating_point
        self._weights = weights
        self._threshold = weights.thresholds[operating_point]
        self._known = KnownTerms(weights.terms)

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input, in order."""
        return [self._detect(message) for message in inputs]

    def _detect(self, message: DetectorInput) -> Detection:
        phrases = find_phrases(message.text, message.previous_text)
        score = combined_score(self.linear_score(message), phrases)
        if score < self._threshold:
            return Detection(score, flagged=False)
        return Detection(score, flagged=True, cues=find_cues(explain_score(self._weights, message), phrases))

    def linear_score(self, message: DetectorInput) -> float:
        """Return the same score as `explain_score`, to the last bit, without the contributions.

        Only a flagged message needs the contributions, and few messages are flagged.
        """
        logit = self._weights.bias
        for block, known in self._known.find(message.text, message.previous_text or "").items():
            if known:
                table = self._weights.terms[block]
                logit += SCALE[block] / math.sqrt(len(known)) * math.fsum(map(table.__getitem__, known))
        return logistic(logit)


def explain_score(weights: LinearWeights, message: DetectorInput) -> LinearScore:
    """Return the score of a message from the trained weights alone, with the contribution of each term.

    A block is a 0/1 vector of its known terms, scaled to length 1 (hence the square root) and multiplied by its weight.
    """
    logit = weights.bias
    contributions: list[tuple[float, Sequence[int]]] = []
    tokens, before = read_tokens(message.text), read_tokens(message.previous_text or "")
    for block, extract in BLOCKS.items():
        table = weights.terms[block]
        terms = extract(before if block == "before" else tokens)
        known = [(table[term], places) for term, places in terms.items() if term in table]
        if not known:
            continue
        scale = SCALE[block] / math.sqrt(len(known))
        logit += scale * math.fsum(weight for weight, _ in known)
        if block != "before":  # cues are in the client's words alone
            contributions += ((scale * weight, places) for weight, places in known)
    return LinearScore(logistic(logit), tokens, contributions)


def combined_score(linear_score: float, phrases: Sequence[Phrase]) -> float:
    """Return 1 - (1 - linear score)(1 - strongest phrase), since either reason may hold without the other."""
    strongest = max((phrase.strength for phrase in phrases), default=0.0)
    return 1 - (1 - linear_score) * (1 - strongest)


def load_linear(operating_point: OperatingPoint) -> LinearDetector:
    """Return the detector with the weights that come with this package."""
    version = hashlib.sha256(_raw_weights() + phrase_file()).hexdigest()[:12]
    return LinearDetector(shipped_weights(), operating_point, version)


def shipped_weights() -> LinearWeights:
    """Return the weights that come with this package."""
    return LinearWeights.model_validate_json(_raw_weights())


def _raw_weights() -> bytes:
    return resources.files(__package__).joinpath(WEIGHTS).read_bytes()


def find_cues(linear: LinearScore, phrases: Sequence[Phrase]) -> tuple[TextCue, ...]:
    """Return the phrases and words with the largest contributions, at most `_MAX_CUES`, sorted and without overlap."""
    spans = [TextCue(phrase.start, phrase.end, phrase.strength) for phrase in phrases]
    contributions = linear.contribution_by_token()
    least = max(contributions.values(), default=0.0) * _MIN_SHARE
    spans += [TextCue(start, end, weight) for start, end, weight in _runs(linear.tokens, contributions, least)]
    kept: list[TextCue] = []
    for cue in sorted(spans, key=lambda cue: (-cue.weight, cue.start, cue.end)):
        apart = all(cue.end <= other.start or other.end <= cue.start for other in kept)
        if apart and len(kept) < _MAX_CUES:
            kept.append(cue)
    return tuple(sorted(kept, key=lambda cue: cue.start))


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
