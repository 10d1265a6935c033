"""The order of a conversation's events, from their times or from the file, and never from a guess."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from plugin.replay.conversations import Payload
from stream.contracts.errors import Misconfigured

# At one time a message comes before what is about it, and the end after everything.
_RANKS = {"message": 0, "edit": 1, "deletion": 2, "consent_withdrawal": 3, "session_end": 4}
_WITHOUT_TIME = "participants"


@dataclass(frozen=True)
class SourceEvent:
    """An event as a file has it: its place there, its seconds from the conversation's start if any, its payload."""

    place: str
    at_s: float | None
    payload: Payload = field(repr=False)


def by_time(events: Sequence[SourceEvent]) -> list[SourceEvent]:
    """Return the events of one conversation in their order.

    A file whose times never go back is in order, and so is one without times. A file with the newest event first is
    turned round. Any other is sorted, if every event has a time and no two messages the same. Names without a time are
    told first, where all else has one.

    Raises:
        Misconfigured: the order cannot be known; the message names the line.
    """
    names = [event for event in events if event.at_s is None and event.payload["type"] == _WITHOUT_TIME]
    others = [event for event in events if event not in names]
    timed = [(event.at_s, event) for event in others if event.at_s is not None]
    without_time = next((event for event in others if event.at_s is None), None)
    in_order = all(one <= other for (one, _), (other, _) in pairwise(timed))
    if without_time is None:
        return [*names, *(event for _, event in (timed if in_order else _sorted(timed)))]
    if in_order:
        return list(events)
    raise Misconfigured(
        f"{without_time.place}: it has no time, and the lines of its conversation are not in the order of their times."
        " Give each line a time, or sort the file."
    )


def _sorted(timed: list[tuple[float, SourceEvent]]) -> list[tuple[float, SourceEvent]]:
    if all(one >= other for (one, _), (other, _) in pairwise(timed)):
        return timed[::-1]
    in_order = sorted(timed, key=lambda one: (one[0], _rank(one[1])))
    for (at_s, one), (other_at_s, other) in pairwise(in_order):
        if at_s == other_at_s and _rank(one) == _rank(other):
            raise Misconfigured(
                f"{other.place}: it has the same time as {one.place}, and the file is in no order, so nobody knows"
                " which came first. Sort the file, or give exact times."
            )
    return in_order


def check_ids(events: Sequence[SourceEvent]) -> None:
    """Check that no two messages of a conversation have one id, because only one of them would be kept.

    Raises:
        Misconfigured: two have; the message names both places.
    """
    places: dict[object, str] = {}
    for event in events:
        if event.payload["type"] == "message":
            other = places.setdefault(event.payload["message_id"], event.place)
            if other != event.place:
                raise Misconfigured(
                    f"{event.place}: its message_id is that of {other} too, so one of them would be lost. Give each"
                    " message an id of its own, or take the repetition out."
                )


def _rank(event: SourceEvent) -> int:
    return _RANKS.get(str(event.payload["type"]), 0)
