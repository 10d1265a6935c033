"""The detectors of possible resistance and of critical content in client messages: pure functions on a CPU."""

from collections.abc import Callable

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Detection, Detector, DetectorInput, TextCue
from stream.detection.encoder import NAME as ENCODER
from stream.detection.encoder import TRITON, load_encoder
from stream.detection.linear import NAME as LINEAR
from stream.detection.linear import load_linear
from stream.detection.meaning import InProcessSentenceModel, SentenceModel
from stream.detection.reading_detector import ReadingDetector

__all__ = [
    "DETECTORS",
    "ENCODER",
    "LINEAR",
    "Detection",
    "Detector",
    "DetectorInput",
    "OperatingPoint",
    "SentenceModel",
    "TextCue",
    "load_detector",
]

DETECTORS = (LINEAR, ENCODER, TRITON)


def load_detector(
    name: str, operating_point: OperatingPoint | str, connect: Callable[[], SentenceModel] | None = None
) -> Detector:
    """Return the detector called `name` with its threshold at `operating_point`.

    `connect` opens the sentence model behind Triton and is used by the detector `triton` alone.

    Raises:
        ValueError: there is no detector or operating point of that name (the text lists the existing ones), or a part
            that the detector needs is missing.
        Unavailable: the detector runs behind Triton, and Triton does not answer.
    """
    if name not in DETECTORS:
        raise ValueError(f"no detector called {name!r}; there is: {', '.join(sorted(DETECTORS))}")
    return ReadingDetector(_load_inner(name, OperatingPoint(operating_point), connect))


def _load_inner(name: str, point: OperatingPoint, connect: Callable[[], SentenceModel] | None) -> Detector:
    if name == LINEAR:
        return load_linear(point)
    if name == ENCODER:
        return load_encoder(ENCODER, point, InProcessSentenceModel())
    if connect is None:
        raise ValueError(f"the detector {TRITON} needs a Triton server")
    return load_encoder(TRITON, point, connect())
