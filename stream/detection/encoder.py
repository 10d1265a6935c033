"""Wording and meaning together: the linear model's opinion of a message averaged with a sentence encoder's."""

import hashlib
import math
from collections.abc import Sequence
from importlib import resources
from typing import Literal

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Detection, DetectorInput
from stream.detection.linear import LinearDetector, Weights, combine, cues, logistic, weigh
from stream.detection.meaning import InProcess, Meaning
from stream.detection.phrases import Phrase, phrases, source
from stream.detection.triton import Server, TritonMeaning

NAME: Literal["encoder"] = "encoder"
TRITON: Literal["triton"] = "triton"
WEIGHTS = "weights/encoder.json"
# A score of 0 or 1 has no logit; nothing is that certain.
_CERTAIN = 1e-6


class EncoderWeights(Weights):
    """The linear model's own weights for this pair, and what makes a probability of the pair's average."""

    encoder: str
    """Fingerprint of the encoder's files these were fitted with."""
    slope: float
    intercept: float


class EncoderDetector:
    """Scores are calibrated: among messages like those trained on, a share of `score` is labelled resistance."""

    slow = True

    def __init__(
        self, name: str, weights: EncoderWeights, meaning: Meaning, operating_point: OperatingPoint, version: str
    ) -> None:
        """Raise `ValueError` when the encoder at hand is not the one that the weights were fitted with."""
        if meaning.fingerprint != weights.encoder:
            raise ValueError(
                f"the encoder at hand has fingerprint {meaning.fingerprint or 'unknown'}, but the weights need "
                f"{weights.encoder}; deploy the model repository of the same release"
            )
        self.name = name
        self.version = version
        self.operating_point = operating_point
        self._weights = weights
        self._words = LinearDetector(weights, operating_point, version)
        self._meaning = meaning
        self._threshold = weights.thresholds[operating_point]

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """One detection per input, in order.

        Raises:
            Unavailable: the encoder stands behind Triton, and no answer came.
        """
        if not inputs:
            return []
        meant = self._meaning.opinions([given.text for given in inputs])
        return [self._detect(given, logit) for given, logit in zip(inputs, meant, strict=True)]

    def _detect(self, given: DetectorInput, meant: float) -> Detection:
        said = phrases(given.text, given.previous_text)
        logit = average(self._words.learned(given), said, meant)
        score = logistic(self._weights.slope * logit + self._weights.intercept)
        if score < self._threshold:
            return Detection(score, flagged=False)
        return Detection(score, flagged=True, cues=cues(weigh(self._weights, given), said))


def average(learned: float, said: Sequence[Phrase], meant: float) -> float:
    """The mean of two logits: of the words with the phrases, and of the meaning."""
    worded = min(max(combine(learned, said), _CERTAIN), 1 - _CERTAIN)
    return (math.log(worded / (1 - worded)) + meant) / 2


def load_encoder(operating_point: OperatingPoint, server: Server) -> EncoderDetector:
    """The detector with its encoder in this process; `server` is not looked at.

    Raises:
        ValueError: the encoder's files are not at hand.
    """
    del server
    return EncoderDetector(NAME, shipped_weights(), InProcess(), operating_point, _version())


def load_triton(operating_point: OperatingPoint, server: Server) -> EncoderDetector:
    """The same detector with its encoder behind Triton.

    Raises:
        ValueError: the server has another encoder.
        Unavailable: the server does not answer, or does not serve the model.
    """
    return EncoderDetector(TRITON, shipped_weights(), TritonMeaning(server), operating_point, _version())


def shipped_weights() -> EncoderWeights:
    """The weights in this package."""
    return EncoderWeights.model_validate_json(_raw_weights())


def _version() -> str:
    return hashlib.sha256(_raw_weights() + source()).hexdigest()[:12]


def _raw_weights() -> bytes:
    return resources.files(__package__).joinpath(WEIGHTS).read_bytes()
