"""The words of a supervisor's lists: what each is filtered by, its numbers, and what came of a release of several."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plugin.queue.alphabet import TherapistName
from plugin.queue.filters import (
    OVERDUE_AFTER,
    STATES,
    FollowUpState,
    HandedTo,
    QueueList,
    QueueOrder,
    QueueState,
)
from plugin.queue.paging import PAGE
from plugin.queue.saved_views import SavedView
from plugin.queue.team_numbers import PACE_OVER, Pace
from plugin.queue.views import DecisionOutcome, SessionList
from plugin.web.labels import counted, mechanism_title, sentence, short_day
from plugin.web.queue_address import QueueAddress, address_of
from plugin.web.queue_groups import HEADINGS
from stream.contracts.vocabulary import Mechanism

__all__ = [
    "LIST_WORDS",
    "PAGE",
    "RELEASED",
    "choices",
    "filtered_by",
    "hidden",
    "pace",
    "pressing",
    "view_links",
]

STATE_WORDS: Final = {
    QueueState.NEW: "new",
    QueueState.MINE: "claimed by you",
    QueueState.OTHERS: "claimed by another",
    QueueState.BEGUN: "reviewed in part",
    QueueState.REVIEWED: "reviewed",
    QueueState.RELEASED: "released",
    QueueState.WITHHELD: "withheld",
}
HANDED_WORDS: Final = {HandedTo.ME: "handed over to you", HandedTo.OTHERS: "with a colleague"}
FOLLOW_UP_WORDS: Final = {
    FollowUpState.DUE: "with a note of yours to follow up today",
    FollowUpState.OPEN: "with a note of yours to follow up",
}
ORDER_WORDS: Final = {
    QueueOrder.NEED: "need",
    QueueOrder.AGE: "age, the oldest first",
    QueueOrder.THERAPIST: "counsellor, by the alphabet",
}
OWN_ORDERS: Final = {
    QueueList.WAITING: "need",
    QueueList.DECIDED: "the latest decision first",
    QueueList.LEFT_OUT: "the latest first",
}
"""The order of each list without a choice."""
LIST_WORDS: Final = {
    QueueList.WAITING: "Waiting sessions",
    QueueList.DECIDED: "Decided sessions",
    QueueList.LEFT_OUT: "Sessions left out",
}
RELEASED: Final = {
    DecisionOutcome.DONE: "Released. Its counsellor can read it.",
    DecisionOutcome.CHANGED: "Not released: it changed, or somebody decided about it. Please look at it again.",
    DecisionOutcome.CLAIMED: "Not released: another supervisor is reviewing it.",
    DecisionOutcome.WITH_ANOTHER: "Not released: it was handed over to another supervisor.",
    DecisionOutcome.NOT_READ: (
        "Not released: your claim is over, you have not opened it as it is now, or something in it was withheld or"
        " corrected. It can be released on its own page."
    ),
    DecisionOutcome.NOT_FOUND: "Not released: there is no such session for you.",
}
"""What a page says of each of several sessions."""


@dataclass(frozen=True)
class Choice:
    """One select of the filter's form: its options by the values that stand in an address."""

    name: str
    label: str
    everything: str
    """The words of the option that filters nothing."""
    options: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class ViewLink:
    """A saved view as pages show it: what it is filtered by, and where it leads."""

    view_id: UUID
    name: str
    address: str
    """Empty if this version has no such filter, and the view can only be removed."""
    said: tuple[str, ...]
    is_current: bool


def view_links(
    views: Sequence[SavedView], listing: QueueAddress | None, therapists: Sequence[TherapistName]
) -> tuple[ViewLink, ...]:
    """Return the links of saved views; `listing` is the list that is shown."""
    return tuple(_view_link(view, listing, therapists) for view in views)


def choices(listing: QueueAddress, therapists: Sequence[TherapistName]) -> tuple[Choice, ...]:
    """Return the selects of a list's form, without those that have nothing to choose in it."""
    written = listing.model_dump(mode="json", by_alias=True)
    own, states = OWN_ORDERS[listing.queue_list], STATES[listing.queue_list]
    handed = HANDED_WORDS if listing.queue_list is QueueList.WAITING else {}
    options = {
        ("need", "Need", "every need"): [(need.name.lower(), heading.title) for need, heading in HEADINGS.items()],
        ("state", "State", "every state"): [(state.value, STATE_WORDS[state]) for state in states],
        ("handed", "Handed over", "any"): [(to.value, words) for to, words in handed.items()],
        ("follow_up", "Follow-ups", "any"): [(due.value, words) for due, words in FOLLOW_UP_WORDS.items()],
        ("therapist", "Counsellor", "everybody"): [(str(each.account_id), each.name) for each in therapists],
        ("mechanism", "Without expression of", "any"): [(each.value, mechanism_title(each)) for each in Mechanism],
        ("sort", "Order", own): [(order.value, words) for order, words in ORDER_WORDS.items() if words != own],
    }
    return tuple(
        Choice(name, label, everything, tuple(found), written[name] or "")
        for (name, label, everything), found in options.items()
        if found
    )


def filtered_by(listing: QueueAddress, therapists: Sequence[TherapistName]) -> tuple[str, ...]:
    """Return what a list is filtered by, one phrase for each field."""
    return tuple(_phrases(listing, therapists))


def hidden(sessions: SessionList) -> str:
    """Return how many sessions the filter leaves in the list, and how many it hides."""
    shown = counted(sessions.matching, "session matches", "sessions match")
    return f"{shown}; the filter hides {sessions.total - sessions.matching} of {sessions.total}."


def pressing(sessions: SessionList) -> str:
    """Return how many sessions wait for longer than they should, and how many the supervisor has; empty for none."""
    parts = []
    if sessions.overdue:
        parts.append(f"{counted(sessions.overdue, 'session')} ended more than {OVERDUE_AFTER.days} days ago")
    if sessions.handed:
        parts.append(f"{counted(sessions.handed, 'session was', 'sessions were')} handed over to you")
    if sessions.claimed:
        parts.append(f"you hold {counted(sessions.claimed, 'session')} claimed")
    return sentence("; ".join(parts)) + "." if parts else ""


def pace(of: Pace) -> str:
    """Return whether the work keeps up with what comes; empty where nothing came and nothing was decided."""
    if of == Pace():
        return ""
    came = counted(of.came, "session came", "sessions came")
    return f"In the last {PACE_OVER.days} days {came} and {of.decided} {'was' if of.decided == 1 else 'were'} decided."


def _phrases(listing: QueueAddress, therapists: Sequence[TherapistName]) -> Iterator[str]:
    if listing.therapist is not None:
        names = {each.account_id: each.name for each in therapists}
        yield f"counsellor {names.get(listing.therapist, 'outside of your teams')}"
    if listing.need is not None:
        yield f"need: {HEADINGS[listing.need].title}"
    if listing.state is not None:
        yield STATE_WORDS[listing.state]
    if listing.handed is not None:
        yield HANDED_WORDS[listing.handed]
    if listing.follow_up is not None:
        yield FOLLOW_UP_WORDS[listing.follow_up]
    if listing.mechanism is not None:
        yield f"no expression of {mechanism_title(listing.mechanism)}"
    if listing.ended_from is not None:
        yield f"ended on {short_day(listing.ended_from)} or later"
    if listing.ended_to is not None:
        yield f"ended on {short_day(listing.ended_to)} or before"


def _view_link(view: SavedView, listing: QueueAddress | None, therapists: Sequence[TherapistName]) -> ViewLink:
    if view.chosen is None:
        return ViewLink(view.view_id, view.name, "", (), is_current=False)
    saved = address_of(view.chosen)
    order = () if saved.sort is None else (f"in order of {ORDER_WORDS[saved.sort]}",)
    is_current = listing is not None and listing.listed == saved.listed
    return ViewLink(view.view_id, view.name, saved.listed, (*filtered_by(saved, therapists), *order), is_current)
