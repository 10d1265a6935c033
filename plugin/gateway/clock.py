"""The comparison of an event's own time with the gateway's clock, while the platform can still correct it.

A clock that is behind is no reason to refuse anything: the time of a message orders it in its session and decides
nothing else. What a person has a right to, a deletion or a withdrawal of consent, is taken whatever its clock says.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from plugin.adapters.base import PlatformEvent
from stream.contracts.errors import CounterpointError
from stream.contracts.messages import Edit, Message, SessionEnd

_TIME_OF: Final = {Message: "sent_at", Edit: "edited_at", SessionEnd: "ended_at"}


class AheadOfClock(CounterpointError):  # noqa: N818 - named by what is wrong with the event, as Poison is
    """An event from the future. The platform must set its clock right and send it again."""

    def __init__(self, place: str, allowed: timedelta) -> None:
        super().__init__(f"{place} lies ahead of our clock")
        self.place = place
        self.wanted = (
            f"at most {round(allowed.total_seconds())} s ahead of our clock; compare yours with a time server, or send"
            " the time at which your server took the event"
        )


def refuse_future(events: Iterable[PlatformEvent], now: datetime, allowed: timedelta) -> None:
    """Check that no event says a time more than `allowed` after `now`.

    Raises:
        AheadOfClock: One does.
    """
    for event in events:
        place = _TIME_OF.get(type(event))
        if place is not None and getattr(event, place) - now > allowed:
            raise AheadOfClock(place, allowed)
