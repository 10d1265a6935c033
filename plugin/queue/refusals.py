"""What a person is told whose step was refused: a title and a sentence, for pages and programs."""

from collections.abc import Mapping
from typing import Final

from plugin.queue.views import DecisionOutcome

REFUSED: Final[Mapping[DecisionOutcome, tuple[str, str]]] = {
    DecisionOutcome.CHANGED: (
        "This session has changed",
        "It changed while you were reading, so nothing was decided. Please look at it again.",
    ),
    DecisionOutcome.CLAIMED: (
        "Somebody else is reviewing this session",
        "Another supervisor has begun to review it, so nothing of yours was stored. Its page says until when.",
    ),
    DecisionOutcome.TOO_LATE: (
        "The time for this is over",
        "A point can be disputed, or a decision about it looked at again, for 14 days. Please talk to your supervisor.",
    ),
    DecisionOutcome.NOT_YOURS: (
        "Somebody else decides this",
        "The counsellor asked for somebody else: the lead, or else another supervisor. Nothing of yours was stored.",
    ),
    DecisionOutcome.RELEASED: (
        "This session is released",
        "Its counsellor can read it as it is, so nothing was changed. Withhold it first if something has to change.",
    ),
    DecisionOutcome.OTHER_VERSION: (
        "This note has another version",
        "Somebody has written one while you were reading, so nothing was stored. Please read it first.",
    ),
}
