"""Pure functions that lay out what measures say of a session: shares of it, charts, and a line for each turn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from plugin.queue.measures import MeasuresView
from plugin.queue.views import SessionView
from plugin.web.labels import ROLES
from plugin.web.measures_chart import measure_chart
from plugin.web.measures_words import WHY_NOT, amount, title
from stream.contracts.measures import MeasureFinding, TakenMeasure

FEWEST_POINTS: Final = 3
"""Turns with a number from which on a chart says more than the table."""
_OPENING_WORDS: Final = 60
"""Code points of a turn's first message that are shown to tell which turn it is."""


@dataclass(frozen=True)
class Shown:
    """What one quantity is called, and whether agreement of its measure with clinicians has been measured."""

    title: str
    validated: bool


@dataclass(frozen=True)
class SessionLine:
    """What is said of the session by one quantity."""

    quantity: Shown
    said: str


@dataclass(frozen=True)
class Chart:
    """The numbers of one quantity over the turns."""

    quantity: Shown
    svg: Markup


@dataclass(frozen=True)
class TurnLine:
    """What is said of one turn, in the order of the columns; `words` are its first ones where they are kept."""

    number: int
    side: str
    words: str = field(repr=False)
    said: tuple[str, ...]


@dataclass(frozen=True)
class MeasuresPage:
    """What measures say of a session; with `why` they say nothing, for that reason."""

    why: str
    session: tuple[SessionLine, ...] = ()
    charts: tuple[Chart, ...] = ()
    columns: tuple[Shown, ...] = ()
    turns: tuple[TurnLine, ...] = ()


def measures_page(opened: SessionView) -> MeasuresPage | None:
    """Return what measures say of a session; None where it was not measured."""
    view = opened.measures
    if view is None:
        return None
    if view.absent is not None:
        return MeasuresPage(WHY_NOT[view.absent])
    pairs = [(measure, finding) for measure in view.measures for finding in measure.findings]
    columns = {finding.quantity: _shown(measure, finding) for measure, finding in pairs if finding.turn is not None}
    by_turn = {(finding.turn, finding.quantity): finding for _, finding in pairs}
    return MeasuresPage(
        why="",
        session=_session_lines(pairs),
        charts=tuple(_charts(columns, [finding for _, finding in pairs])),
        columns=tuple(columns.values()),
        turns=_turn_lines(opened, view, by_turn, tuple(columns)),
    )


def _session_lines(pairs: Iterable[tuple[TakenMeasure, MeasureFinding]]) -> tuple[SessionLine, ...]:
    """Return the session's own findings, the largest first; what was never heard is left out."""
    found = [(measure, one) for measure, one in pairs if one.turn is None and (one.absent or one.labels or one.number)]
    found.sort(key=lambda pair: -(pair[1].number or 0))
    said = {amount(one) for _, one in found}
    if found and len(said) == 1 and all(one.absent for _, one in found):  # one reason for all of them
        return (SessionLine(Shown("All of them", found[0][0].validated), said.pop()),)
    return tuple(SessionLine(_shown(measure, one), amount(one)) for measure, one in found)


def _charts(columns: Mapping[str, Shown], findings: Sequence[MeasureFinding]) -> Iterable[Chart]:
    for quantity, shown in columns.items():
        points = [
            (one.turn, one.number)
            for one in findings
            if one.quantity == quantity and one.turn is not None and one.number is not None
        ]
        if len(points) >= FEWEST_POINTS:
            yield Chart(shown, measure_chart(points))


def _turn_lines(
    opened: SessionView,
    view: MeasuresView,
    by_turn: Mapping[tuple[int | None, str], MeasureFinding],
    quantities: Sequence[str],
) -> tuple[TurnLine, ...]:
    words = {message.message_id: message.text for message in opened.messages}
    return tuple(
        TurnLine(
            number,
            ROLES[turn.role],
            _opening(next((words[one] for one in turn.message_ids if one in words), "")),
            tuple(
                amount(by_turn[number, quantity]) if (number, quantity) in by_turn else "" for quantity in quantities
            ),
        )
        for number, turn in enumerate(view.turns, start=1)
    )


def _opening(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _OPENING_WORDS else f"{line[:_OPENING_WORDS].rstrip()} …"


def _shown(measure: TakenMeasure, finding: MeasureFinding) -> Shown:
    return Shown(title(finding.quantity), measure.validated)
