"""The seam between the stream and whatever finds possible resistance in a client's words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stream.contracts.vocabulary import OperatingPoint


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """One client message and the counsellor's turn before it, if there was one."""

    text: str = field(repr=False)
    previous_text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that pushed the score up: a span in Unicode code points of the text given, and its share."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector says of one message: possible resistance, never more.

    `score` lies in 0..1 and orders messages; it is no probability that a clinician would agree.
    `flagged` is the score held against the threshold of the operating point.
    `cues` are sorted by place, do not overlap, and are empty where the message is not flagged.
    """

    score: float
    flagged: bool
    cues: tuple[Cue, ...] = ()


class Detector(Protocol):
    """Finds possible resistance, one message at a time, on a CPU.

    Pure: the same input gives the same answer in any batch and any order, nothing is kept, nothing is raised
    for any string. Several threads may ask at once.
    """

    @property
    def name(self) -> str:
        """Which kind of detector this is."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever an answer may change: a hash of all that the answer depends on."""
        ...

    @property
    def operating_point(self) -> OperatingPoint:
        """Where the threshold stands."""
        ...

    @property
    def slow(self) -> bool:
        """Whether a batch may take long enough, or wait for a server, that an event loop should not wait for it."""
        ...

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        """One detection per input, in order.

        Raises:
            Unavailable: it stands behind a server, and no answer came. Nothing else, whatever the texts.
        """
        ...
