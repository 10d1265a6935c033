"""A linear model over words and parts of words that explains itself, with our list of phrases beside it."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Cue, Detection, DetectorInput
from stream.detection.features import BLOCKS, SCALE, Block, KnownTerms, read
from stream.detection.phrases import Phrase, phrases, source
from stream.detection.text import Token

NAME: Literal["linear"] = "linear"
WEIGHTS = "weights/linear.json"
# Words shown as evidence: more than this explains nothing.
_MOST_CUES = 5
# A word is evidence when it gives at least this share of what the strongest word gives.
_LEAST_SHARE = 0.25


class Weights(BaseModel):
    """What training leaves behind: one weight a term, a bias, and a threshold for each operating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    bias: float
    thresholds: Mapping[OperatingPoint, float]
    terms: Mapping[Block, Mapping[str, float]]
    seen: tuple[str, ...] = ()
    """Fingerprints of the conversations trained on, so that an evaluation can tell old from new."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """The learned score of one message, and what its terms gave to the logit, with the tokens they came from."""

    learned: float
    found: Sequence[Token]
    given: Sequence[tuple[float, Sequence[int]]]

    def given_by_token(self) -> Mapping[int, float]:
        """What each token gave: a term's part is divided among its tokens, so that all sum to the logit."""
        by_token: dict[int, float] = defaultdict(float)
        for gives, places in self.given:
            for place in places:
                by_token[place] += gives / len(places)
        return by_token


class LinearDetector:
    """Scores with trained weights and known phrases; the same answer on every machine."""

    name = NAME
    slow = False

    def __init__(self, weights: Weights, operating_point: OperatingPoint, version: str) -> None:
        self.version = version
        self.operating_point = operating_point
        self._weights = weights
        self._threshold = weights.thresholds[operating_point]
        self._known = KnownTerms(weights.terms)

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """One detection per input, in order."""
        return [self._detect(given) for given in inputs]

    def _detect(self, given: DetectorInput) -> Detection:
        said = phrases(given.text, given.previous_text)
        score = combine(self.learned(given), said)
        if score < self._threshold:
            return Detection(score, flagged=False)
        return Detection(score, flagged=True, cues=cues(weigh(self._weights, given), said))

    def learned(self, given: DetectorInput) -> float:
        """What `weigh` says, to the last bit, without what only evidence needs: few messages are flagged."""
        logit = self._weights.bias
        for block, known in self._known.of(given.text, given.previous_text or "").items():
            if known:
                table = self._weights.terms[block]
                logit += SCALE[block] / math.sqrt(len(known)) * math.fsum(map(table.__getitem__, known))
        return logistic(logit)


def weigh(weights: Weights, given: DetectorInput) -> Opinion:
    """The trained model alone.

    A block is a 0/1 vector of its known terms scaled to length 1, times its share; hence the square root.
    """
    logit = weights.bias
    gave: list[tuple[float, Sequence[int]]] = []
    found, before = read(given.text), read(given.previous_text or "")
    for block, extract in BLOCKS.items():
        table = weights.terms[block]
        terms = extract(before if block == "before" else found)
        known = [(table[term], places) for term, places in terms.items() if term in table]
        if not known:
            continue
        scale = SCALE[block] / math.sqrt(len(known))
        logit += scale * math.fsum(weight for weight, _ in known)
        if block != "before":  # evidence is in the client's words alone
            gave += ((scale * weight, places) for weight, places in known)
    return Opinion(logistic(logit), found, gave)


def combine(learned: float, said: Sequence[Phrase]) -> float:
    """Either reason may hold without the other: 1 - (1 - learned)(1 - strongest phrase)."""
    strongest = max((phrase.strength for phrase in said), default=0.0)
    return 1 - (1 - learned) * (1 - strongest)


def load_linear(operating_point: OperatingPoint) -> LinearDetector:
    """The detector that ships, at an operating point."""
    version = hashlib.sha256(_raw_weights() + source()).hexdigest()[:12]
    return LinearDetector(shipped_weights(), operating_point, version)


def shipped_weights() -> Weights:
    """The weights in this package."""
    return Weights.model_validate_json(_raw_weights())


def _raw_weights() -> bytes:
    return resources.files(__package__).joinpath(WEIGHTS).read_bytes()


def cues(opinion: Opinion, said: Sequence[Phrase]) -> tuple[Cue, ...]:
    """The phrases found and the words that gave most, at most `_MOST_CUES`, sorted, never overlapping."""
    spans = [Cue(phrase.start, phrase.end, phrase.strength) for phrase in said]
    given = opinion.given_by_token()
    most = max(given.values(), default=0.0)
    spans += [Cue(start, end, weight) for start, end, weight in _runs(opinion.found, given, most * _LEAST_SHARE)]
    kept: list[Cue] = []
    for cue in sorted(spans, key=lambda cue: (-cue.weight, cue.start, cue.end)):
        apart = all(cue.end <= other.start or other.end <= cue.start for other in kept)
        if apart and len(kept) < _MOST_CUES:
            kept.append(cue)
    return tuple(sorted(kept, key=lambda cue: cue.start))


def _runs(found: Sequence[Token], given: Mapping[int, float], least: float) -> list[tuple[int, int, float]]:
    """Neighbouring tokens that each give at least `least`, joined: start, end, sum."""
    runs: list[tuple[int, int, float]] = []
    last = -2
    for i in sorted(i for i, weight in given.items() if weight > 0 and weight >= least):
        token = found[i]
        if i == last + 1 and runs:
            start, _, weight = runs[-1]
            runs[-1] = (start, token.end, weight + given[i])
        else:
            runs.append((token.start, token.end, given[i]))
        last = i
    return runs


def logistic(x: float) -> float:
    """1 / (1 + e^-x) without overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)
