"""What a supervisor is told whose blind look was refused: a title and a sentence, for pages and programs."""

from collections.abc import Mapping
from typing import Final

from plugin.queue.look_views import LookOutcome

LOOK_REFUSED: Final[Mapping[LookOutcome, tuple[str, str]]] = {
    LookOutcome.SEEN: (
        "You have read this session",
        (
            "You have opened it before, so you know what the machine says of it, and a look without that is not"
            " possible any more. Another supervisor of the team can take it. Nothing is wrong, and nothing was stored."
        ),
    ),
    LookOutcome.LOOKED_AT: (
        "Somebody has looked at this session",
        "Its answers are stored and stay as they are. One look at each session is enough; thank you all the same.",
    ),
    LookOutcome.CHANGED: (
        "This session has changed",
        "It changed while you were reading, so nothing was stored. Please look at it again.",
    ),
    LookOutcome.INCOMPLETE: (
        "Some questions have no answer",
        "Both questions need an answer for each client turn, so nothing was stored.",
    ),
}
