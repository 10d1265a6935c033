"""Reading of what measures say of a session: only what people may be shown, and only of the revision that they read."""

from dataclasses import dataclass

from sqlmodel import Session

from plugin.database.tables import StoredMeasures, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from stream.contracts.measures import Absent, MeasuredTurn, TakenMeasure


@dataclass(frozen=True)
class MeasuresView:
    """What measures say of a session, or why they say nothing."""

    absent: Absent | None
    """The reason why nothing is said of the whole session."""
    turns: tuple[MeasuredTurn, ...]
    """The turns in order, to which findings refer."""
    measures: tuple[TakenMeasure, ...]
    """The measures that say something that people may be shown, without everything else."""
    reader: str
    """The fingerprint of the reader that they heard."""


def measures_of(session: Session, viewer: Viewer, row: StoredSession) -> MeasuresView | None:
    """Return what measures say of a session that the viewer may open; None where there is nothing to show.

    A therapist reads it where nobody else wrote as a counsellor, since a mix of several people's turns is nobody's.
    """
    if viewer.role is AccountRole.THERAPIST and len(row.counsellor_keys) != 1:
        return None
    stored = session.get(StoredMeasures, row.session_id)
    return None if stored is None else shown_measures(stored, row)


def shown_measures(stored: StoredMeasures, row: StoredSession) -> MeasuresView | None:
    """Return what people may be shown of a session's measures; None where they are of another revision of it."""
    if stored.revision != row.revision:
        return None
    taken = (TakenMeasure.model_validate(measure) for measure in stored.measures)
    return MeasuresView(
        absent=None if stored.absent is None else Absent(stored.absent),
        turns=tuple(MeasuredTurn.model_validate(turn) for turn in stored.turns),
        measures=tuple(shown for measure in taken if (shown := _shown(measure)).findings),
        reader=stored.reader,
    )


def _shown(measure: TakenMeasure) -> TakenMeasure:
    findings = tuple(finding for finding in measure.findings if finding.quantity in measure.shown)
    return measure.model_copy(update={"findings": findings})
