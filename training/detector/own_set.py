"""The test set written by us: the 13 PsyFIRE behaviours in typed English, and look-alikes of each.

Every line is made up. Nothing is trained or tuned on it; it shows what the detector misses.
"""

from collections.abc import Sequence
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stream.contracts.vocabulary import ResistanceType
from stream.detection import Detector, DetectorInput
from training.detector.measures import roc_auc
from training.estimate import Estimate

FILE = "own_set.jsonl"
WRITTEN = "written.jsonl"
"""Other lines written by us from the definitions, to learn from; none shares five words in a row with `FILE`."""


class WrittenLine(BaseModel):
    """A client's message after a counsellor's; a look-alike names the behaviour that it resembles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["resistance", "look_alike"]
    behaviour: ResistanceType
    counsellor: str = Field(min_length=1, repr=False)
    client: str = Field(min_length=1, repr=False)


def load(name: str = FILE) -> list[WrittenLine]:
    """Return all lines, in the order of the file."""
    raw = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [WrittenLine.model_validate_json(line) for line in raw.splitlines()]


def share_flagged(lines: Sequence[WrittenLine], detector: Detector) -> dict[tuple[str, ResistanceType | None], float]:
    """Return the share of lines flagged, by kind and behaviour; the behaviour None stands for a whole kind.

    For `resistance` the share is recall, for `look_alike` the rate of false flags.
    """
    found = detector.detect([DetectorInput(line.client, line.counsellor) for line in lines])
    hits: dict[tuple[str, ResistanceType | None], list[bool]] = {}
    for line, detection in zip(lines, found, strict=True):
        for key in ((line.kind, line.behaviour), (line.kind, None)):
            hits.setdefault(key, []).append(detection.flagged)
    return {key: sum(flags) / len(flags) for key, flags in hits.items()}


def roc_auc_of_lines(lines: Sequence[WrittenLine], detector: Detector) -> Estimate:
    """Return how often a resisting line scores above a look-alike; 0.5 by chance."""
    found = detector.detect([DetectorInput(line.client, line.counsellor) for line in lines])
    return roc_auc([line.kind == "resistance" for line in lines], [each.score for each in found])
