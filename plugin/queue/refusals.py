"""What a person is told whose step about a session was refused: a title and a sentence, for pages and programs."""

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
        "Another supervisor decides this",
        "Your release or decision is disputed, and the counsellor asked for another supervisor. Nothing was stored.",
    ),
    DecisionOutcome.RELEASED: (
        "This session is released",
        "Its counsellor can read it as it is, so nothing was changed. Withhold it first if something has to change.",
    ),
}
