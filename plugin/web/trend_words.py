"""The words and numbers of a trend, as its page and its chart show them."""

from typing import Final

from plugin.queue.trend import FEWEST, Period, Share, VersionTrend
from plugin.web.labels import counted

FEWEST_MOMENTS: Final = FEWEST


def label(period: Period, *, by_month: bool) -> str:
    """Return the time of a period, such as "March 2026" or "2 Mar 2026 to 14 Apr 2026"."""
    if by_month:
        return f"{period.begin:%B %Y}"
    begin, end = (f"{at.day} {at:%b %Y}" for at in (period.begin, period.end))
    return begin if begin == end else f"{begin} to {end}"


def short_label(period: Period, *, by_month: bool) -> str:
    """Return the time of a period beside a bar: its month, or its last day, and the number of moments."""
    when = f"{period.begin:%b %y}" if by_month else f"to {period.end.day} {period.end:%b %y}"
    return f"{when} ({period.moments})"


def percent(share: Share) -> str:
    """Return a share with its interval, such as "30 % (11 to 60)"."""
    return f"{100 * share.share:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def too_few(version: VersionTrend) -> str:
    """Return the sentence that stands where nothing can be said yet."""
    return (
        f"{counted(version.moments, 'moment')} so far. From {FEWEST} on, this page shows how often each of the four was"
        " heard; before that, a share would say more about chance than about you."
    )


def rated_again(version: VersionTrend) -> str:
    """Return the sentence about moments that this version rated again: their levels were released by nobody."""
    were = "of them was" if version.rated_again == 1 else "of them were"
    return (
        f"{version.rated_again} {were} rated by another version before and by this one afterwards, so that they can"
        " be compared. Nobody has reviewed these levels one by one: those that were released stand in the other line."
    )
