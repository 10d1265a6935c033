"""The interface of a detector, which says of client messages whether they are worth reading at the close."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """A client message, and the counsellor's turn before it if there was one."""

    text: str = field(repr=False)
    previous_text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TextCue:
    """A cue: a span of the given text, in Unicode code points, that raised the score, and its share of it."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Detection:
    """The result of a detector for one message.

    `score` lies between 0 and 1 and orders messages; it is not the probability that a clinician would agree.
    `flagged` says whether the score reaches the threshold: the message may be resistance, or may speak of danger, and
    the feedback model reads its turn at the close. It says nothing about a person.
    `cues` are sorted by position, do not overlap, and are empty where the message is not flagged.
    """

    score: float
    flagged: bool
    cues: tuple[TextCue, ...] = ()


class Detector(Protocol):
    """A detector that scores client messages by whether they are worth reading at the close.

    Detectors are pure and fast enough for an event loop: an input gives the same result in any batch and any order,
    nothing is stored, and no string raises an error.
    """

    @property
    def name(self) -> str:
        """The kind of the detector."""
        ...

    @property
    def version(self) -> str:
        """A hash of all that a result depends on, so that it changes whenever a result may change."""
        ...

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input, in order."""
        ...
