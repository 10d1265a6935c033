"""The detector of client messages that are worth reading at the close: a pure function on a CPU."""

from stream.detection.base import Detection, Detector, DetectorInput, TextCue
from stream.detection.linear import load_linear
from stream.detection.reading_detector import ReadingDetector

__all__ = ["Detection", "Detector", "DetectorInput", "TextCue", "load_detector"]


def load_detector() -> Detector:
    """Return the detector that comes with this package."""
    return ReadingDetector(load_linear())
