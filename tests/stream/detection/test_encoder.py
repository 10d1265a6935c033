"""Wording and meaning together."""

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
    """An encoder for the test: it says the same of every text."""

    fingerprint = "test"

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.asked: list[str] = []

    def logits(self, texts: Sequence[str]) -> list[float]:
        """Remember what was asked."""
        self.asked += texts
        return [self.logit] * len(texts)


def _detector(meant: Meant, point: OperatingPoint = OperatingPoint.GATE) -> EncoderDetector:
    return EncoderDetector("encoder", WEIGHTS, meant, point, "test")


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_score_is_the_calibrated_mean_of_two_logits() -> None:
    """Words give 2, meaning gives 4: the mean is 3, the calibration makes it 0.5."""
    (found,) = _detector(Meant(4.0)).detect([DetectorInput("no")])
    assert found.score == pytest.approx(_logistic(0.5 * 3 - 1))


def test_a_phrase_speaks_through_the_words() -> None:
    """As in the linear model."""
    said = [Phrase(R.PESSIMISM, 0.5, 0, 1)]
    worded = 1 - 0.5 * 0.5
    assert average_logit(0.5, said, 0.0) == pytest.approx(math.log(worded / (1 - worded)) / 2)


@pytest.mark.parametrize("learned", [0.0, 1.0])
def test_certainty_has_a_logit(learned: float) -> None:
    """Nothing is infinite."""
    assert math.isfinite(average_logit(learned, [], 0.0))


def test_an_empty_batch_asks_nobody() -> None:
    """A server is spared the request."""
    meant = Meant(0.0)
    assert _detector(meant).detect([]) == []
    assert meant.asked == []


def test_meaning_alone_may_flag() -> None:
    """Words never seen in training, and no cue to show for it."""
    (found,) = _detector(Meant(9.0)).detect([DetectorInput("zebra")])
    assert found.flagged
    assert found.cues == ()


def test_cues_come_from_the_words() -> None:
    """The encoder explains nothing."""
    (found,) = _detector(Meant(9.0)).detect([DetectorInput("oh no")])
    assert [(cue.start, cue.end) for cue in found.cues] == [(3, 5)]


def test_weights_for_another_encoder_are_refused() -> None:
    """With the sentence that mends it."""
    meant = Meant(0.0)
    meant.fingerprint = "other"
    with pytest.raises(ValueError, match="fingerprint other, but the weights need test"):
        _detector(meant)


def test_the_encoder_at_hand_is_the_one_that_ships() -> None:
    """Weights, encoder and head belong together, and config.pbtxt tells it."""
    mark = shipped_weights().encoder
    assert InProcessSentenceModel().fingerprint == mark
    assert read_parameters(MODEL_REPOSITORY / MODEL)["fingerprint"] == mark


def test_a_missing_repository_says_what_to_choose(tmp_path: Path) -> None:
    """As where only the wheel of the stream is installed."""
    with pytest.raises(ValueError, match=r"encoder's files are not at .*choose the detector"):
        InProcessSentenceModel(tmp_path)


def test_half_a_surrogate_pair_is_left_out() -> None:
    """It cannot be sent, and must not change the answer where nothing is sent."""
    assert without_lone_surrogates("no\ud800 way") == "no way"


def test_shipped_scores_are_shares_in_order() -> None:
    """Thresholds are probabilities, the precise point the stricter."""
    thresholds = shipped_weights().thresholds
    assert 0 < thresholds[OperatingPoint.GATE] < thresholds[OperatingPoint.ALONE] < 1
