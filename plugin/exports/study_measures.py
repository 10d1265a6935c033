"""The columns of the tables for studies that measures fill: techniques and their mix, and dynamics.

They hold what a measure's card marks as shown and nothing else, which a test compares with the cards. Pure functions.
"""

from collections.abc import Mapping
from typing import Final

from plugin import study_columns as columns
from plugin.exports.study_session import Row
from plugin.queue.measures import MeasuresView
from stream.contracts.measures import MeasureFinding
from stream.contracts.rubric import GROUP_OF_TECHNIQUE, Technique, TechniqueGroup

MAIN: Final = "main_technique"
HEARD: Final = "techniques"
OF_SESSIONS: Final = (columns.REPLIES, *columns.SHARES, columns.TECHNIQUE_VERSION)
OF_TURNS: Final = (
    *(columns.CODE, *columns.HOLDS.values(), *columns.TECHNIQUE_GROUPS, *columns.DYNAMICS),
    *(columns.TECHNIQUE_VERSION, columns.DYNAMICS_VERSION),
)
_VERSIONS: Final = {"technique": columns.TECHNIQUE_VERSION, "dynamics": columns.DYNAMICS_VERSION}
"""The columns of versions, by the name of the measure."""

Findings = Mapping[tuple[str, int | None], MeasureFinding]
"""What is said of each quantity, by its name and the number of the turn; None for the session as a whole."""


def findings_of(view: MeasuresView) -> Findings:
    """Return everything that measures say of a session and that people may be shown."""
    return {(finding.quantity, finding.turn): finding for measure in view.measures for finding in measure.findings}


def measure_versions(view: MeasuresView) -> Row:
    """Return the version of each measure that says something, with the reader that it heard."""
    return {
        _VERSIONS[measure.name]: f"{measure.version} (reader {view.reader})"
        for measure in view.measures
        if measure.name in _VERSIONS
    }


def session_measures(view: MeasuresView | None) -> Row:
    """Return how many replies have a technique, and the share of each technique in the sentences of all replies."""
    if view is None or view.absent is not None:
        return {}
    found = findings_of(view)
    replies = sum(quantity == MAIN and bool(finding.labels) for (quantity, _), finding in found.items())
    shares = {name: finding.number for name in columns.SHARES if (finding := found.get((name, None)))}
    return {columns.REPLIES: replies} | shares | measure_versions(view)


def turn_measures(found: Findings, turn: int) -> Row:
    """Return what measures say of the turn of a number; nothing where they say that there is nothing to say."""
    cells: Row = {name: finding.number for name in columns.DYNAMICS if (finding := found.get((name, turn)))}
    if (main := found.get((MAIN, turn))) and main.labels:
        cells[columns.CODE] = main.labels[0]
    if (heard := found.get((HEARD, turn))) and heard.labels:
        held = [technique for technique in Technique if technique in heard.labels]
        groups = {GROUP_OF_TECHNIQUE[technique] for technique in held}
        cells |= {name: int(technique in held) for technique, name in columns.HOLDS.items()}
        cells |= {group.value: int(group in groups) for group in TechniqueGroup}
    return cells
