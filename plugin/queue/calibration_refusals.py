"""What a person is told whose step of a calibration was refused: a title and a sentence, for pages and programs."""

from collections.abc import Mapping
from typing import Final

from plugin.queue.calibration_deadline import MAX_DAYS
from plugin.queue.calibration_views import CalibrationOutcome

CALIBRATION_REFUSED: Final[Mapping[CalibrationOutcome, tuple[str, str]]] = {
    CalibrationOutcome.NOTHING_TO_DRAW: (
        "There is nothing to draw",
        "No session that all of you may read has a rated moment whose words are still kept. Nothing was opened.",
    ),
    CalibrationOutcome.NOT_COLLEAGUES: (
        "Somebody is missing, or is no colleague",
        "Choose at least one other supervisor of a team of yours. Nothing was opened.",
    ),
    CalibrationOutcome.BAD_DEADLINE: (
        "This cannot be the last day",
        f"Choose a day from today on, at most {MAX_DAYS} days ahead. Nothing was opened.",
    ),
    CalibrationOutcome.GONE: (
        "This moment has dropped out",
        (
            "Its words were withdrawn, erased, changed, or have had their time, or you may no longer read its session."
            " That is nobody\u2019s mistake; it is counted among those that dropped out."
        ),
    ),
    CalibrationOutcome.ENDED: (
        "Your ratings are in",
        (
            "You have said that you are done, or the deadline has passed, or a new version of the rubric holds. What"
            " you had said before stays as it was."
        ),
    ),
    CalibrationOutcome.CANCELLED: (
        "This calibration was cancelled",
        "Whoever opened it has cancelled it. What was said of its moments was removed, and nobody rates any more.",
    ),
    CalibrationOutcome.SETTLED: (
        "Something is settled already",
        "You have agreed on a level together, and a settled calibration stays. Nothing was removed.",
    ),
    CalibrationOutcome.INCOMPLETE: (
        "Some moments are left",
        "You are done once you have rated every moment that is still there. \u201cCannot say\u201d is an answer.",
    ),
    CalibrationOutcome.NOT_OVER: (
        "Others are still rating",
        "A level is settled together once everybody is done, or the deadline has passed. Nothing was stored.",
    ),
    CalibrationOutcome.NOT_TO_SETTLE: (
        "There is nothing to settle here",
        "It has been settled meanwhile, or nobody is far apart and nobody asked. Final levels are not changed.",
    ),
}
