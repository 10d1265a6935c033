"""A detector that reads texts as their words before another one scores them, and gives its cues in the original."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from stream.detection.base import Detection, Detector, DetectorInput, TextCue
from stream.reading import READING_VERSION, Reading, read_text


class ReadingDetector:
    """A detector for texts as they come, around one for their words.

    A text that is its own reading is scored as the inner detector scores it, to the last bit.
    """

    def __init__(self, inner: Detector) -> None:
        self._inner = inner
        self.version = hashlib.sha256(f"{inner.version} {READING_VERSION}".encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """The kind of the inner detector."""
        return self._inner.name

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input, in order."""
        readings = [read_text(message.text) for message in inputs]
        found = self._inner.detect(
            [
                DetectorInput(reading.text, None if message.previous_text is None else _words(message.previous_text))
                for message, reading in zip(inputs, readings, strict=True)
            ]
        )
        return [_traced(detection, reading) for detection, reading in zip(found, readings, strict=True)]


def _words(text: str) -> str:
    return read_text(text).text


def _traced(detection: Detection, reading: Reading) -> Detection:
    if reading.traced is None or not detection.cues:
        return detection
    cues: list[TextCue] = []
    for cue in detection.cues:
        start, end = reading.restore(cue.start, cue.end)
        if not cues or cues[-1].end <= start:  # two cues may stand for one block of the original
            cues.append(TextCue(start, end, cue.weight))
    return replace(detection, cues=tuple(cues))
