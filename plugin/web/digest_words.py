"""The words with which pages show what is new, and what became of a digest."""

from typing import Final

from plugin.database.viewer import AccountRole
from plugin.plain_text import counted
from plugin.queue.digests import DeliveryLine, DeliveryState
from plugin.queue.news import Change, ChangeKind
from plugin.web.labels import short_day

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

RISK: Final = (
    "Words of danger wait for no digest: they go to your platform\u2019s own protocol at once, where it asks for them,"
    " whatever you choose here."
)
"""What the page of preferences says of risk, which no preference concerns."""
NOTHING_YET: Final = {
    AccountRole.SUPERVISOR: "New sessions, and what counsellors answer to a release, appear here.",
    AccountRole.THERAPIST: "What your supervisor passes on to you appears here.",
    AccountRole.LEAD: (
        "Nothing new. Disputes for which a counsellor asks for somebody else appear here, and what is handed to you."
    ),
}
"""What the page of news says where it is empty, to those who have one."""
_DONE: Final = {
    ChangeKind.ACKNOWLEDGED: "has read what was released",
    ChangeKind.DISPUTED: "disputes a point",
    ChangeKind.ESCALATED: "asks for somebody else than who released or decided",
    ChangeKind.RESOLVED: "decided a dispute",
    ChangeKind.HANDED_OVER: "hands over to you",
    ChangeKind.COMMENTED: "comments on a note",
}


def change(each: Change) -> str:
    """Return what somebody did, without their name, which stands before it."""
    return _DONE[each.kind]


def what_is_new(role: AccountRole, number: int) -> str:
    """Return how many sessions are new, in the words of the reader's role; to a lead sessions alone are no news."""
    if role is AccountRole.LEAD:
        return "What was escalated, or came to you"
    if not number:
        return "Nothing new"
    if role is AccountRole.THERAPIST:
        return counted(number, "session passed on to you", "sessions passed on to you")
    return counted(number, "new session")


def latest(line: DeliveryLine) -> str:
    """Return what became of a person's latest digest, in one sentence."""
    day = short_day(line.period)
    if line.state is DeliveryState.SENT:
        return f"The digest of {day} was sent."
    if line.state is DeliveryState.NOTHING_NEW:
        return f"On {day} nothing was new, so nothing was sent."
    if line.state is DeliveryState.FAILED:
        return f"The digest of {day} could not be sent. Please check the address; its news will be in the next one."
    if line.attempts:
        return f"The digest of {day} was not taken at the first try, and is tried again."
    return f"The digest of {day} is on its way."
