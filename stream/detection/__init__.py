"""Finding possible resistance and critical content in a client's words: pure, on a CPU, nothing is kept."""

from collections.abc import Callable, Mapping

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.base import Cue, Detection, Detector, DetectorInput
from stream.detection.encoder import NAME as ENCODER
from stream.detection.encoder import TRITON, load_encoder, load_triton
from stream.detection.linear import NAME as LINEAR
from stream.detection.linear import load_linear
from stream.detection.triton import Server

__all__ = [
    "DETECTORS",
    "ENCODER",
    "LINEAR",
    "Cue",
    "Detection",
    "Detector",
    "DetectorInput",
    "OperatingPoint",
    "Server",
    "load",
]

DETECTORS: Mapping[str, Callable[[OperatingPoint, Server], Detector]] = {
    LINEAR: lambda operating_point, _: load_linear(operating_point),
    ENCODER: load_encoder,
    TRITON: load_triton,
}


def load(name: str, operating_point: OperatingPoint | str, server: Server | None = None) -> Detector:
    """The detector called `name` with its threshold at `operating_point`.

    `server` is the Triton that the detector `triton` asks.

    Raises:
        ValueError: there is no detector or operating point of that name (the text names those there are), or a
            part that the detector needs is missing.
        Unavailable: the detector stands behind Triton, and Triton does not answer.
    """
    if name not in DETECTORS:
        raise ValueError(f"no detector called {name!r}; there is: {', '.join(sorted(DETECTORS))}")
    return DETECTORS[name](OperatingPoint(operating_point), server or Server())
