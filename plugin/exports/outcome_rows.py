"""The rows of an export of outcomes: one for each session, with a column for each instrument and occasion.

They are the table of sessions that `counterpoint study` reads. Pure functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plugin.database.tables import StoredOutcome, StoredSession
from plugin.exports.pseudonyms import Pseudonym
from plugin.exports.review_rows import Cell
from plugin.least_people import LEAST_COUNSELLORS
from stream.contracts.outcomes import Instrument, Occasion
from stream.contracts.vocabulary import Role

FIRST_COLUMNS: Final = ("session", "client", "counsellor")
_BY_COUNSELLOR: Final = "_by_counsellor"
"""What stands after the name of a column of scores that a counsellor gave."""
OUTCOME_COLUMNS: Final = tuple(
    f"{instrument}_{occasion}{by}" for by in ("", _BY_COUNSELLOR) for instrument in Instrument for occasion in Occasion
)


@dataclass(frozen=True)
class RatedSession:
    """A session with its counsellors, and the outcomes that belong to it."""

    row: StoredSession
    outcomes: Sequence[StoredOutcome]


def sort_outcomes(
    sessions: Iterable[StoredSession], outcomes: Iterable[StoredOutcome]
) -> dict[UUID, list[StoredOutcome]]:
    """Return the outcomes by the session that they belong to; those of none are left out."""
    by_conversation: dict[tuple[str, str], list[StoredSession]] = {}
    for row in sorted(sessions, key=lambda each: each.started_at):
        by_conversation.setdefault((row.tenant, row.conversation_id), []).append(row)
    found: dict[UUID, list[StoredOutcome]] = {}
    for outcome in sorted(outcomes, key=lambda each: each.given_at):
        own = by_conversation.get((outcome.tenant, outcome.conversation_id), [])
        if (session := session_of(outcome, own)) is not None:
            found.setdefault(session, []).append(outcome)
    return found


def session_of(outcome: StoredOutcome, sessions: Sequence[StoredSession]) -> UUID | None:
    """Return which of a conversation's sessions, in order, an outcome belongs to.

    That is the one it names; otherwise, of what was given before, the next one that was not over, and of the rest the
    last one that had begun.
    """
    if outcome.session_id is not None:
        return next((row.session_id for row in sessions if row.session_id == outcome.session_id), None)
    if outcome.occasion == Occasion.BEFORE:
        return next((row.session_id for row in sessions if row.ended_at >= outcome.given_at), None)
    return next((row.session_id for row in reversed(sessions) if row.started_at <= outcome.given_at), None)


def outcome_rows(
    sessions: Sequence[RatedSession], pseudonyms: Mapping[str, Pseudonym], in_file: Pseudonym
) -> list[dict[str, Cell]]:
    """Return the rows in order; `pseudonyms` are those of each platform's exports, `in_file` those of this file alone.

    A counsellor stands in a row only where the file is about enough of them, and only as somebody of this file.
    """
    counsellors = {key for each in sessions for key in each.row.counsellor_keys}
    tell = len(counsellors) >= LEAST_COUNSELLORS
    return [_row(each, pseudonyms[each.row.tenant], in_file, tell=tell) for each in sessions]


def columns_of(rows: Sequence[Mapping[str, Cell]]) -> tuple[str, ...]:
    """Return the columns of a file: those that name the session, and those of outcomes that any row has."""
    return (*FIRST_COLUMNS, *(name for name in OUTCOME_COLUMNS if any(row.get(name) is not None for row in rows)))


def _row(rated: RatedSession, pseudonym: Pseudonym, in_file: Pseudonym, *, tell: bool) -> dict[str, Cell]:
    clients = {each.author for each in rated.outcomes if each.given_by == Role.CLIENT}
    keys = rated.row.counsellor_keys
    cells: dict[str, Cell] = {
        "session": pseudonym("session", rated.row.session_id),
        "client": in_file("client", f"{rated.row.tenant}/{next(iter(clients))}") if len(clients) == 1 else None,
        "counsellor": in_file("counsellor", keys[0]) if tell and len(keys) == 1 else None,
    }
    cells |= outcome_cells(rated.outcomes)
    return {name: cells.get(name) for name in (*FIRST_COLUMNS, *OUTCOME_COLUMNS)}


def outcome_cells(outcomes: Iterable[StoredOutcome]) -> dict[str, Cell]:
    """Return the columns of a session's outcomes, in the order in which they were given; the last score counts."""
    cells: dict[str, Cell] = {}
    for outcome in outcomes:
        by = "" if outcome.given_by == Role.CLIENT else _BY_COUNSELLOR
        cells[f"{outcome.instrument}_{outcome.occasion}{by}"] = outcome.score
    return cells
