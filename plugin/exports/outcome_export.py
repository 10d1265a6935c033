"""`counterpoint export outcomes`: the outcomes of sessions as a table for studies, without a name and without words."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.database.engine import transaction
from plugin.database.tables import StoredOutcome, StoredSession
from plugin.database.viewer import Viewer
from plugin.exports.new_file import new_private_file
from plugin.exports.outcome_rows import RatedSession, columns_of, outcome_rows, sort_outcomes
from plugin.exports.pseudonyms import pseudonyms_of_one_export
from plugin.exports.row_files import row_writer
from plugin.exports.run import ExportRun, ShowProgress
from plugin.exports.scope import find_sessions, portions, with_outcomes
from plugin.queue.scope import visible_to
from stream.contracts.errors import Misconfigured


def export_outcomes(run: ExportRun, out: Path, show_progress: ShowProgress) -> int:
    """Write a row for each of the supervisor's sessions that has outcomes, and return how many there are.

    Only sessions and outcomes whose clients agreed to secondary use are in it.

    Raises:
        Misconfigured: somebody asks who is no supervisor, there is nothing to export, or the file cannot be written.
    """
    sessions, therapists = find_sessions(run, with_outcomes())
    if not sessions:
        raise Misconfigured(
            "There is nothing to export: no session of yours has outcomes and the client\u2019s consent to secondary"
            " use of both."
        )
    run.begin(therapists)
    rated: list[RatedSession] = []
    with show_progress(len(sessions)) as advance:
        for ids in portions(sessions):
            rated += _read(run, ids)
            advance(len(ids))
    pseudonyms = {tenant: run.pseudonyms.of(tenant).of for tenant in {key.tenant for key in sessions}}
    rows = outcome_rows(rated, pseudonyms, pseudonyms_of_one_export())
    with new_private_file(out) as file:
        columns = columns_of(rows)
        write = row_writer(file, out.suffix, columns)
        for row in rows:
            write({name: row[name] for name in columns})
        run.finish(len(rows))
    return len(rows)


def _read(run: ExportRun, ids: Sequence[UUID]) -> list[RatedSession]:
    """Return those of the sessions that have outcomes of their own, in the order of their ids."""
    with transaction(run.engine, run.viewer.user_id) as session:
        chosen = session.exec(
            select(StoredSession).where(col(StoredSession.session_id).in_(ids), visible_to(run.viewer))
        ).all()
        outcomes = outcomes_of(session, run.viewer, chosen)
        session.expunge_all()
    return [RatedSession(row, outcomes[row.session_id]) for row in chosen if row.session_id in outcomes]


def outcomes_of(session: Session, viewer: Viewer, chosen: Sequence[StoredSession]) -> dict[UUID, list[StoredOutcome]]:
    """Return the outcomes of some sessions that clients agreed to share, by the session; no session without one."""
    conversations = {row.conversation_id for row in chosen}
    # All sessions of these conversations: an outcome belongs to the one that its time tells.
    around = session.exec(
        select(StoredSession).where(col(StoredSession.conversation_id).in_(conversations), visible_to(viewer))
    ).all()
    outcomes = session.exec(
        select(StoredOutcome).where(
            col(StoredOutcome.conversation_id).in_(conversations), col(StoredOutcome.secondary_use)
        )
    ).all()
    return sort_outcomes(around, outcomes)
