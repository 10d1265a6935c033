"""The interface of the detectors that score client messages for possible resistance."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stream.contracts.vocabulary import OperatingPoint


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
    `flagged` says whether the score reaches the threshold of the operating point: possible resistance, never more.
    `cues` are sorted by position, do not overlap, and are empty where the message is not flagged.
    """

    score: float
    flagged: bool
    cues: tuple[TextCue, ...] = ()


class Detector(Protocol):
    """A detector that scores client messages for possible resistance.

    Detectors are pure: an input gives the same result in any batch and any order, nothing is stored, and no string
    raises an error. Several threads may call one detector at once.
    """

    @property
    def name(self) -> str:
        """The kind of the detector."""
        ...

    @property
    def version(self) -> str:
        """A hash of all that a result depends on, so that it changes whenever a result may change."""
        ...

    @property
    def operating_point(self) -> OperatingPoint:
        """The operating point, which sets the threshold."""
        ...

    @property
    def slow(self) -> bool:
        """Whether a batch may take so long, or wait for a server, that it must not run in an event loop."""
        ...

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """Return one detection per input, in order.

        Raises:
            Unavailable: the detector runs behind a server that did not answer. No text raises any other error.
        """
        ...
