"""The rows of the table of sessions for studies that a running service writes: labels and numbers. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final

from plugin.exports import study_measures
from plugin.exports.outcome_rows import FIRST_COLUMNS, OUTCOME_COLUMNS, outcome_cells
from plugin.exports.pseudonyms import Pseudonym
from plugin.exports.review_rows import Cell
from plugin.exports.study_session import Row, StudySession, counsellor_of, feedback_versions, levels, resists
from plugin.study_columns import MEANS, MOMENTS, RESISTING, VERSIONS_OF_FEEDBACK
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import Role

_COUNTS: Final = ("client_turns", MOMENTS, RESISTING, "reviewed")
SESSION_COLUMNS: Final = (*FIRST_COLUMNS, *_COUNTS, *MEANS.values(), *VERSIONS_OF_FEEDBACK)
"""The columns of every table, before those that any of its sessions has."""
_IF_ANY: Final = (*study_measures.OF_SESSIONS, *OUTCOME_COLUMNS)


def session_columns(rows: Sequence[Mapping[str, Cell]]) -> tuple[str, ...]:
    """Return the columns of a table of sessions: all of its own, and those of measures and outcomes that any has."""
    return (*SESSION_COLUMNS, *(name for name in _IF_ANY if any(row.get(name) is not None for row in rows)))


def session_row(each: StudySession, pseudonym: Pseudonym) -> Row:
    """Return the row of a session; people have pseudonyms of this export alone."""
    row = each.row
    clients = each.clients | {outcome.author for outcome in each.outcomes if outcome.given_by == Role.CLIENT}
    of_moments = [levels(moment) for moment in each.moments]
    cells: Row = {
        "session": pseudonym("session", row.session_id),
        "client": pseudonym("client", f"{row.tenant}/{next(iter(clients))}") if len(clients) == 1 else None,
        "counsellor": counsellor_of(row, pseudonym),
        "client_turns": Counts.model_validate(row.counts).client_turns,
        MOMENTS: len(each.moments),
        RESISTING: sum(resists(moment) == 1 for moment in each.moments),
        "reviewed": sum(bool(moment.labels) for moment in each.moments),
        **{name: _mean(each_level.get(mechanism) for each_level in of_moments) for mechanism, name in MEANS.items()},
        **feedback_versions(each),
    }
    known = study_measures.session_measures(each.measures) | outcome_cells(each.outcomes)
    return dict.fromkeys(_IF_ANY) | cells | known


def _mean(known_levels: Iterable[int | None]) -> float | None:
    known = [level for level in known_levels if level is not None]
    return round(fmean(known), 4) if known else None
