"""The comparison of an event's own time with the gateway's clock.

A time that is ahead is refused while the platform can still correct it. A time that is behind is no reason to refuse
anything, since it orders a message in its session and decides nothing else; but where a platform signs no time, it is
all that tells a delivery of today from one that somebody has recorded. What a person has a right to, a deletion or a
withdrawal of consent, is taken whatever its clock says.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Final

from plugin.adapters.base import PlatformEvent
from stream.contracts.errors import CounterpointError
from stream.contracts.messages import Edit, Message, SessionEnd
from stream.contracts.outcomes import Outcome

_TIME_OF: Final = {Message: "sent_at", Edit: "edited_at", SessionEnd: "ended_at", Outcome: "given_at"}


class OutOfTime(CounterpointError):  # noqa: N818 - named by what is wrong with the event, as Poison is
    """An event whose own time is not near ours."""

    reason: ClassVar[str]

    def __init__(self, place: str, wanted: str) -> None:
        super().__init__(f"{place} is {self.reason}")
        self.place = place
        self.wanted = wanted


class AheadOfClock(OutOfTime):
    """An event from the future. The platform must set its clock right and send it again."""

    reason = "clock_ahead"


class TooOld(OutOfTime):
    """An old event of a platform that signs no time, which may have been recorded and sent again."""

    reason = "too_old"


def refuse_future(events: Iterable[PlatformEvent], now: datetime, allowed: timedelta) -> None:
    """Check that no event says a time more than `allowed` after `now`.

    Raises:
        AheadOfClock: One does.
    """
    for place, time in _times(events):
        if time - now > allowed:
            raise AheadOfClock(
                place,
                f"at most {round(allowed.total_seconds())} s ahead of our clock; compare yours with a time server, or"
                " send the time at which your server took the event",
            )


def refuse_past(events: Iterable[PlatformEvent], now: datetime, allowed: timedelta) -> None:
    """Check that no event says a time more than `allowed` before `now`.

    Raises:
        TooOld: One does.
    """
    for place, time in _times(events):
        if now - time > allowed:
            raise TooOld(place, f"at most {round(allowed.total_seconds())} s before our clock")


def _times(events: Iterable[PlatformEvent]) -> Iterator[tuple[str, datetime]]:
    for event in events:
        place = _TIME_OF.get(type(event))
        if place is not None:
            yield place, getattr(event, place)
