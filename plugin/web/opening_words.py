"""The words in which a therapist reads what a session of theirs was opened for."""

from typing import Final

from plugin.queue.openings import Opening, OpeningKind
from plugin.web.export_words import WHY

_KINDS: Final = {
    OpeningKind.PAGE: "opened its page",
    OpeningKind.DIGEST: "read it in a digest",
    OpeningKind.ACROSS: "read quoted words of it among moments of several sessions",
    OpeningKind.SAMPLE: "took it into a sample that people rate, to measure the model",
    OpeningKind.LOOK: "read it in the random sample, without what the machine says of it",
    OpeningKind.CALIBRATION: "rated a moment of it for a calibration, without what the model says of it",
    OpeningKind.COMPARISON: "read a moment of it in a calibration, beside what others and the model say",
    OpeningKind.EXPORT: "exported words of it",
}


def what_for(opening: Opening) -> str:
    """Return how a session was opened, and of an export why."""
    said = _KINDS[opening.kind]
    return said if opening.export is None else f"{said}, {WHY[opening.export]}"
