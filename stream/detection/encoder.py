"""A detector that averages the linear model's score of a message with that of a sentence encoder."""

import hashlib
import math
from collections.abc import Sequence
from importlib import resources
from typing import Literal

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Detection, DetectorInput
from stream.detection.linear import LinearDetector, LinearWeights, combined_score, explain_score, find_cues, logistic
from stream.detection.meaning import SentenceModel
from stream.detection.phrases import Phrase, find_phrases, phrase_file

NAME: Literal["encoder"] = "encoder"
TRITON: Literal["triton"] = "triton"
WEIGHTS = "weights/encoder.json"
# Limits the score before it becomes a logit, because 0 and 1 have none.
_MIN_PROBABILITY = 1e-6


class EncoderWeights(LinearWeights):
    """The weights of the linear model for use with the encoder, and the calibration of the averaged score."""

    encoder: str
    """The fingerprint of the encoder's files that these weights were fitted with."""
    slope: float
    intercept: float


class EncoderDetector:
    """A detector whose score is calibrated from the wording and the meaning of a message.

    Calibrated means: of the messages with a given score, among messages like those of the training data, this share is
    labelled as resistance.
    """

    slow = True

    def __init__(
        self,
        name: str,
        weights: EncoderWeights,
        sentence_model: SentenceModel,
        operating_point: OperatingPoint,
        version: str,
    ) -> None:
        """Check that the weights belong to the sentence model, and store both.

        Raises:
            ValueError: the weights were fitted with another encoder.
        """
        if sentence_model.fingerprint != weights.encoder:
            raise ValueError(
                f"the encoder at hand has fingerprint {sentence_model.fingerprint or 'unknown'}, but the weights need "
                f"{weights.encoder}; deploy the model repository of the same release"
            )
        self.name = name
        self.version = version
        self.operating_point = operating_point
        self._weights = weights
        self._linear = LinearDetector(weights, operating_point, version)
        self._sentence_model = sentence_model
        self._threshold = weights.thresholds[operating_point]

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input, in order.

        Raises:
            Unavailable: the encoder runs behind Triton, and Triton does not answer.
        """
        if not inputs:
            return []
        logits = self._sentence_model.logits([message.text for message in inputs])
        return [self._detect(message, logit) for message, logit in zip(inputs, logits, strict=True)]

    def _detect(self, message: DetectorInput, sentence_logit: float) -> Detection:
        phrases = find_phrases(message.text, message.previous_text)
        logit = average_logit(self._linear.linear_score(message), phrases, sentence_logit)
        score = logistic(self._weights.slope * logit + self._weights.intercept)
        if score < self._threshold:
            return Detection(score, flagged=False)
        return Detection(score, flagged=True, cues=find_cues(explain_score(self._weights, message), phrases))


def average_logit(linear_score: float, phrases: Sequence[Phrase], sentence_logit: float) -> float:
    """Return the mean of two logits: that of the words with the phrases, and that of the sentence model."""
    wording = min(max(combined_score(linear_score, phrases), _MIN_PROBABILITY), 1 - _MIN_PROBABILITY)
    return (math.log(wording / (1 - wording)) + sentence_logit) / 2


def load_encoder(name: str, operating_point: OperatingPoint, sentence_model: SentenceModel) -> EncoderDetector:
    """Return the detector that combines the weights in this package with the given sentence model.

    Raises:
        ValueError: the weights were fitted with another sentence model.
    """
    return EncoderDetector(name, shipped_weights(), sentence_model, operating_point, _version())


def shipped_weights() -> EncoderWeights:
    """Return the weights that come with this package."""
    return EncoderWeights.model_validate_json(_raw_weights())


def _version() -> str:
    return hashlib.sha256(_raw_weights() + phrase_file()).hexdigest()[:12]


def _raw_weights() -> bytes:
    return resources.files(__package__).joinpath(WEIGHTS).read_bytes()
