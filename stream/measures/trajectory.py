"""The measure of distress over a session: its peak and what follows, after the estimates of single client turns.

The Thousand Voices of Trauma benchmark compares trajectories of distress by Pearson, DTW and RMSE. Its figures rest on
synthetic exposure sessions; here the distress is the estimate of the dynamics baseline, and says so.
"""

from collections.abc import Iterator
from typing import Final

from stream.contracts.measures import Absent
from stream.contracts.vocabulary import Role
from stream.measures.anchors import HIGHEST, LOWEST, Dimension
from stream.measures.base import About, Card, Finding, Quantity, why_silent
from stream.measures.dynamics import CARD as DYNAMICS
from stream.measures.dynamics import estimate_at
from stream.measures.hearing import Heard
from stream.measures.turns import FinishedSession

PEAK: Final = "peak"
PEAK_AFTER: Final = "peak_after_s"
CHANGE: Final = "change_after_peak"
_MIN_TURNS: Final = 6
"""Client turns with words from which on there is a trajectory: two at the least before, at and after a peak."""
_END_TURNS: Final = 3
"""Client turns at the end whose mean is the end; a single last turn is a goodbye."""
_DAY_S: Final = 86_400
_RANGE: Final = HIGHEST - LOWEST

CARD: Final = Card(
    "trajectory",
    f"1+{DYNAMICS.version}",
    (
        Quantity(PEAK, About.SESSION, "The highest distress of a client turn.", LOWEST, HIGHEST, shown=False),
        Quantity(PEAK_AFTER, About.SESSION, "Seconds from the beginning to that turn.", 0, _DAY_S, shown=False),
        Quantity(CHANGE, About.SESSION, "The mean distress of the last turns less the peak.", -_RANGE, 0, shown=False),
    ),
    not_for=(
        "Saying how a client is or whether a session helped, and never for danger: a session with critical content has"
        " no trajectory. Not for diagnosing."
    ),
)


class TrajectoryMeasure:
    """How distress goes over a session: the peak, when it comes, and how far the end is below it."""

    card = CARD

    def findings(self, session: FinishedSession, heard: Heard) -> Iterator[Finding]:
        """See `Measure`."""
        clients = [place for place, turn in enumerate(session.turns) if turn.role is Role.CLIENT]
        silent = [why_silent(session, heard, place) for place in clients]
        absent = _why_none(silent) if heard.knows_language else Absent.LANGUAGE
        if absent:
            for quantity in CARD.quantities:
                yield Finding(quantity.name, absent=absent)
            return
        said = [place for place, why in zip(clients, silent, strict=True) if why is None]
        course = [estimate_at(Dimension.SELF_DIRECTED_EMOTION, session, heard, place) for place in said]
        peak = max(course)
        at = said[course.index(peak)]  # the first of equal ones
        end = course[-_END_TURNS:]
        yield Finding(PEAK, number=peak)
        yield Finding(PEAK_AFTER, number=min(max(session.turns[at].offset_s, 0), _DAY_S))
        yield Finding(CHANGE, number=round(sum(end) / len(end) - peak, 2))


def _why_none(silent: list[Absent | None]) -> Absent | None:
    """Return why a session has no trajectory; turns of danger would be missing where they matter most."""
    if Absent.CRITICAL_CONTENT in silent:
        return Absent.CRITICAL_CONTENT
    if not silent:
        return Absent.NOTHING_TO_MEASURE
    return Absent.TOO_SHORT if silent.count(None) < _MIN_TURNS else None
