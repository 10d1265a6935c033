"""Finding possible resistance and critical content in a client's words: pure, on a CPU, nothing is kept."""

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Cue, Detection, Detector, DetectorInput
from stream.detection.linear import NAME as LINEAR
from stream.detection.linear import load_linear

__all__ = ["DETECTORS", "Cue", "Detection", "Detector", "DetectorInput", "OperatingPoint", "load"]

DETECTORS = {LINEAR: load_linear}


def load(name: str, operating_point: OperatingPoint | str) -> Detector:
    """The detector called `name` with its threshold at `operating_point`.

    Raises:
        ValueError: there is no detector or operating point of that name; the text names those there are.
    """
    if name not in DETECTORS:
        raise ValueError(f"no detector called {name!r}; there is: {', '.join(sorted(DETECTORS))}")
    return DETECTORS[name](OperatingPoint(operating_point))
