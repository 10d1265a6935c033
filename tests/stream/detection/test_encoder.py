"""Tests of the detector that combines the linear model with the sentence encoder."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from stream.contracts.vocabulary import OperatingPoint
from stream.contracts.vocabulary import ResistanceType as R
from stream.detection import DetectorInput
from stream.detection.encoder import EncoderDetector, EncoderWeights, average_logit, shipped_weights
from stream.detection.meaning import MODEL, InProcessSentenceModel, without_lone_surrogates
from stream.detection.phrases import Phrase
from stream.model_repository import MODEL_REPOSITORY, read_parameters

WEIGHTS = EncoderWeights.model_validate(
    {
        "bias": 0.0,
        "thresholds": {OperatingPoint.GATE: 0.4, OperatingPoint.ALONE: 0.8},
        "terms": {"words": {"no": 2.0}, "parts": {}, "before": {}},
        "encoder": "test",
        "slope": 0.5,
        "intercept": -1.0,
    }
)


class Meant:
    """A sentence model for tests that returns the same logit for every text and remembers the texts."""

    fingerprint = "test"

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.asked: list[str] = []

    def logits(self, texts: Sequence[str]) -> list[float]:
        """Remember the texts and return the logit for each."""
        self.asked += texts
        return [self.logit] * len(texts)


def _detector(meant: Meant, point: OperatingPoint = OperatingPoint.GATE) -> EncoderDetector:
    return EncoderDetector("encoder", WEIGHTS, meant, point, "test")


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_score_is_the_calibrated_mean_of_two_logits() -> None:
    """The score is the calibrated mean of the two logits: words give 2 and meaning 4, so 3, which becomes 0.5."""
    (found,) = _detector(Meant(4.0)).detect([DetectorInput("no")])
    assert found.score == pytest.approx(_logistic(0.5 * 3 - 1))


def test_phrases_are_combined_with_the_score_of_the_words() -> None:
    """Phrases are combined with the score of the words, as in the linear detector."""
    said = [Phrase(R.PESSIMISM, 0.5, 0, 1)]
    worded = 1 - 0.5 * 0.5
    assert average_logit(0.5, said, 0.0) == pytest.approx(math.log(worded / (1 - worded)) / 2)


@pytest.mark.parametrize("learned", [0.0, 1.0])
def test_a_score_of_0_or_1_has_a_finite_logit(learned: float) -> None:
    """A score of 0 or 1 has a finite logit."""
    assert math.isfinite(average_logit(learned, [], 0.0))


def test_an_empty_batch_is_not_sent_to_the_model() -> None:
    """An empty batch is not sent to the sentence model."""
    meant = Meant(0.0)
    assert _detector(meant).detect([]) == []
    assert meant.asked == []


def test_the_sentence_model_alone_can_flag_a_message() -> None:
    """The sentence model alone can flag a message of unknown words, which then has no cues."""
    (found,) = _detector(Meant(9.0)).detect([DetectorInput("zebra")])
    assert found.flagged
    assert found.cues == ()


def test_cues_come_from_the_words() -> None:
    """Cues come from the words, since the sentence model explains nothing."""
    (found,) = _detector(Meant(9.0)).detect([DetectorInput("oh no")])
    assert [(cue.start, cue.end) for cue in found.cues] == [(3, 5)]


def test_weights_for_another_encoder_are_refused() -> None:
    """Weights that were fitted with another encoder are refused with both fingerprints."""
    meant = Meant(0.0)
    meant.fingerprint = "other"
    with pytest.raises(ValueError, match="fingerprint other, but the weights need test"):
        _detector(meant)


def test_the_shipped_weights_belong_to_the_shipped_encoder() -> None:
    """The shipped weights, the encoder's files and config.pbtxt have the same fingerprint."""
    mark = shipped_weights().encoder
    assert InProcessSentenceModel().fingerprint == mark
    assert read_parameters(MODEL_REPOSITORY / MODEL)["fingerprint"] == mark


def test_the_error_for_a_missing_repository_names_another_detector(tmp_path: Path) -> None:
    """A missing model repository is an error that names the detector to choose instead.

    The repository is missing where only the stream's wheel is installed.
    """
    with pytest.raises(ValueError, match=r"encoder's files are not at .*choose the detector"):
        InProcessSentenceModel(tmp_path)


def test_half_of_a_surrogate_pair_is_removed() -> None:
    """Half of a surrogate pair is removed from a text.

    It cannot be sent to a server, so the encoder in this process must ignore it as well.
    """
    assert without_lone_surrogates("no\ud800 way") == "no way"


def test_the_shipped_thresholds_are_in_order() -> None:
    """The shipped thresholds are probabilities, and that of `alone` is the higher one."""
    thresholds = shipped_weights().thresholds
    assert 0 < thresholds[OperatingPoint.GATE] < thresholds[OperatingPoint.ALONE] < 1
