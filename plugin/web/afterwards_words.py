"""The words with which pages say what the client wrote after a reply: an observation, never a cause."""

from typing import Final

from plugin.queue.views import AfterwardsKind

FOR_SUPERVISOR: Final = {
    AfterwardsKind.RESISTED_AGAIN: "Afterwards the client resisted again: the next turn is a confirmed moment too.",
    AfterwardsKind.WENT_ON: "Afterwards the client went on writing.",
    AfterwardsKind.ANSWERED_BRIEFLY: "Afterwards the client answered briefly.",
    AfterwardsKind.ENDED: "Afterwards the client wrote nothing more before the session ended.",
    AfterwardsKind.NOT_KNOWN: "What the client wrote afterwards is not kept, so it is not known here.",
}
FOR_THERAPIST: Final = FOR_SUPERVISOR | {
    AfterwardsKind.RESISTED_AGAIN: "Afterwards the client may have pulled back again.",
}
NO_CAUSE: Final = "It came after the reply. That does not make the reply its reason."
