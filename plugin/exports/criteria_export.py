"""`counterpoint export criteria`: what supervisors said to the service's own criteria, as rows."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.database.engine import transaction
from plugin.database.tables import (
    StoredCriterion,
    StoredCriterionAnswer,
    StoredCriterionVersion,
    StoredDecision,
    StoredExchange,
    StoredSession,
)
from plugin.database.viewer import Viewer
from plugin.exports.criterion_rows import COLUMNS, AnsweredSession, CriterionRow, StoredSaid, criterion_rows
from plugin.exports.new_file import new_private_file
from plugin.exports.row_files import row_writer
from plugin.exports.run import Advance, ExportRun, ShowProgress
from plugin.exports.scope import SessionKey, find_sessions, portions, with_criterion_answers
from plugin.queue.criterion_answers import answered_version
from plugin.queue.criterion_reading import criterion_of
from plugin.queue.export_entries import ExportPurpose
from plugin.queue.scope import decides_present_revision, visible_to
from stream.contracts.errors import Misconfigured


def export_criteria(run: ExportRun, out: Path, show_progress: ShowProgress) -> int:
    """Write the answers about the supervisor's sessions to a new file, and return the number of its rows.

    A study may use the sessions alone whose clients agreed to secondary use.

    Raises:
        Misconfigured: somebody asks who is no supervisor, there is nothing to export, or the file cannot be written.
    """
    agreed_alone = run.purpose is ExportPurpose.RESEARCH
    sessions, therapists = find_sessions(run, with_criterion_answers(agreed_alone=agreed_alone))
    if not sessions:
        raise Misconfigured(
            "There is nothing to export: nobody has answered a criterion about a session of yours that has, for"
            " research, the client's consent to secondary use."
        )
    run.begin(therapists)
    rows = 0
    with new_private_file(out) as file, show_progress(len(sessions)) as advance:
        write = row_writer(file, out.suffix, COLUMNS)
        for row in _rows(run, sessions, advance):
            write(row.cells())
            rows += 1
        run.finish(rows)
    return rows


def _rows(run: ExportRun, sessions: list[SessionKey], advance: Advance) -> Iterator[CriterionRow]:
    for ids in portions(sessions):
        with transaction(run.engine, run.viewer.user_id) as session:
            answered = _read(session, run.viewer, ids)
            session.expunge_all()  # the rows are read on after the transaction
        for each in answered:
            yield from criterion_rows(each, run.pseudonyms.of(each.row.tenant))
        advance(len(ids))


def _read(session: Session, viewer: Viewer, sessions: Sequence[UUID]) -> list[AnsweredSession]:
    """Return what was said about those sessions that this supervisor may see now, in the order of their ids."""
    found = session.exec(
        select(StoredSession, StoredDecision.kind)
        .outerjoin(StoredDecision, decides_present_revision())
        .where(col(StoredSession.session_id).in_(sessions), visible_to(viewer))
        .order_by(col(StoredSession.session_id))
    ).all()
    said: dict[UUID, list[StoredSaid]] = defaultdict(list)
    for answer, criterion, version, exchange in session.exec(
        select(StoredCriterionAnswer, StoredCriterion, StoredCriterionVersion, StoredExchange)
        .join(StoredCriterion, col(StoredCriterion.criterion_id) == col(StoredCriterionAnswer.criterion_id))
        .join(StoredCriterionVersion, answered_version())
        .outerjoin(StoredExchange, col(StoredExchange.exchange_id) == col(StoredCriterionAnswer.exchange_id))
        .where(col(StoredCriterionAnswer.session_id).in_([row.session_id for row, _ in found]))
        .order_by(col(StoredCriterionAnswer.number))
    ):
        said[answer.session_id].append(StoredSaid(answer, criterion_of(criterion, version), exchange))
    return [AnsweredSession(row, decision, said[row.session_id]) for row, decision in found]
