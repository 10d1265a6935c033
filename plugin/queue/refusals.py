"""What a person is told whose step was refused: a title and a sentence, for pages and programs."""

from collections.abc import Mapping
from typing import Final

from plugin.queue.view_names import MAX_VIEWS
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
    DecisionOutcome.WITH_ANOTHER: (
        "This session is with somebody else",
        "It was handed over to a colleague, so nothing of yours was stored. On its page you can take it over.",
    ),
    DecisionOutcome.NOT_FOR_THEM: (
        "This person cannot take the session",
        "Only another supervisor who sees it, or a lead, can. Nothing was changed; please choose somebody else.",
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
    DecisionOutcome.NAME_TAKEN: (
        "You have a view of this name",
        "Nothing was stored. Please choose another name, or rename or remove the other view first.",
    ),
    DecisionOutcome.FULL: (
        "There is no room for another view",
        f"You have {MAX_VIEWS} already, which is as many as stand above the list. Please remove one first.",
    ),
}
