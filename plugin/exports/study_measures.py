"""The columns of the tables for studies that measures fill: techniques and their mix, and dynamics.

They hold what a measure's card marks as shown and nothing else, which a test compares with the cards. Pure functions.
"""

from collections.abc import Mapping
from typing import Final

from plugin.exports.study_session import Row
from plugin.queue.measures import MeasuresView
from stream.contracts.measures import MeasureFinding
from stream.contracts.rubric import GROUP_OF_TECHNIQUE, Technique, TechniqueGroup

MAIN: Final = "main_technique"
HEARD: Final = "techniques"
REPLIES: Final = "replies"
SHARES: Final = tuple(f"share_{technique}" for technique in Technique)
CODE: Final = "code"
NUMBERS: Final = ("empathy", "exploration", "self_directed_emotion")
"""The dynamics of a turn: the first two are a counsellor's, the last one is a client's."""
_HOLDS: Final = {technique: f"holds_{technique}" for technique in Technique}
OF_SESSIONS: Final = (REPLIES, *SHARES)
OF_TURNS: Final = (CODE, *_HOLDS.values(), *(group.value for group in TechniqueGroup), *NUMBERS)

Findings = Mapping[tuple[str, int | None], MeasureFinding]
"""What is said of each quantity, by its name and the number of the turn; None for the session as a whole."""


def findings_of(view: MeasuresView) -> Findings:
    """Return everything that measures say of a session and that people may be shown."""
    return {(finding.quantity, finding.turn): finding for measure in view.measures for finding in measure.findings}


def session_measures(view: MeasuresView | None) -> Row:
    """Return how many replies have a technique, and the share of each technique in the sentences of all replies."""
    if view is None or view.absent is not None:
        return {}
    found = findings_of(view)
    replies = sum(quantity == MAIN and bool(finding.labels) for (quantity, _), finding in found.items())
    return {REPLIES: replies} | {name: finding.number for name in SHARES if (finding := found.get((name, None)))}


def turn_measures(found: Findings, turn: int) -> Row:
    """Return what measures say of the turn of a number; nothing where they say that there is nothing to say."""
    cells: Row = {name: finding.number for name in NUMBERS if (finding := found.get((name, turn)))}
    if (main := found.get((MAIN, turn))) and main.labels:
        cells[CODE] = main.labels[0]
    if (heard := found.get((HEARD, turn))) and heard.labels:
        held = [technique for technique in Technique if technique in heard.labels]
        groups = {GROUP_OF_TECHNIQUE[technique] for technique in held}
        cells |= {name: int(technique in held) for technique, name in _HOLDS.items()}
        cells |= {group.value: int(group in groups) for group in TechniqueGroup}
    return cells
