"""`counterpoint study tables`: the tables of sessions and turns that studies read, without a name and without words."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from plugin.database.engine import transaction
from plugin.database.tables import StoredAnswer, StoredExchange, StoredMeasures, StoredMessage, StoredSession
from plugin.exports.new_file import check_is_new, new_private_file
from plugin.exports.outcome_export import outcomes_of
from plugin.exports.pseudonyms import pseudonyms_of_one_export
from plugin.exports.review_rows import Cell
from plugin.exports.row_files import CSV, row_writer
from plugin.exports.run import ExportRun, ShowProgress
from plugin.exports.scope import SessionKey, find_sessions, for_studies, portions, with_measures
from plugin.exports.study_session import StudyMoment, StudySession
from plugin.exports.study_session_rows import session_columns, session_row
from plugin.exports.study_turn_rows import MEASURED_COLUMNS, TURN_COLUMNS, turn_rows
from plugin.least_people import LEAST_COUNSELLORS
from plugin.queue.judgements import labels_of_sessions
from plugin.queue.measures import MeasuresView, shown_measures
from plugin.queue.scope import visible_to
from plugin.queue.views import MessageView
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Role

SESSIONS: Final = f"sessions{CSV}"
TURNS: Final = f"turns{CSV}"
_OWNER_ONLY: Final = 0o700


def check_folder(folder: Path) -> None:
    """Check that both tables can be made in a folder, which is made if it is not there.

    Raises:
        Misconfigured: one is there already, or the folder cannot be made.
    """
    try:
        folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"The folder {folder} cannot be made: {error.strerror}.") from None
    for name in (SESSIONS, TURNS):
        check_is_new(folder / name)


def export_study_tables(run: ExportRun, folder: Path, show_progress: ShowProgress) -> tuple[int, int]:
    """Write the tables of the supervisor's sessions whose clients agreed, and return how many sessions and turns.

    Raises:
        Misconfigured: somebody asks who is no supervisor, there is nothing to export, it is about too few counsellors,
            or a file cannot be written.
    """
    sessions, therapists = find_sessions(run, for_studies())
    if not sessions:
        raise Misconfigured(
            "There is nothing to export: no session of yours has answers, measures or outcomes and the client\u2019s"
            " consent to secondary use."
        )
    _check_counsellors(run, sessions)
    run.begin(therapists)
    pseudonym = pseudonyms_of_one_export()
    session_rows: list[dict[str, Cell]] = []
    turns = 0
    turn_columns = (*TURN_COLUMNS, *MEASURED_COLUMNS) if _is_any_measured(run, sessions) else TURN_COLUMNS
    with new_private_file(folder / SESSIONS) as of_sessions, new_private_file(folder / TURNS) as of_turns:
        # Turns are written as they come: those of a year's sessions need not be in memory at once.
        write_turn = row_writer(of_turns, CSV, turn_columns)
        with show_progress(len(sessions)) as advance:
            for ids in portions(sessions):
                for each in _read(run, ids):
                    session_rows.append(session_row(each, pseudonym))
                    for row in turn_rows(each, pseudonym):
                        write_turn({name: row[name] for name in turn_columns})
                        turns += 1
                advance(len(ids))
        columns = session_columns(session_rows)
        write_session = row_writer(of_sessions, CSV, columns)
        for row in session_rows:
            write_session({name: row[name] for name in columns})
        run.finish(len(session_rows) + turns)
    return len(session_rows), turns


def _check_counsellors(run: ExportRun, sessions: Sequence[SessionKey]) -> None:
    counsellors: set[str] = set()
    with transaction(run.engine, run.viewer.user_id) as session:
        for ids in portions(sessions):
            keys = session.exec(select(StoredSession.counsellor_keys).where(col(StoredSession.session_id).in_(ids)))
            counsellors.update(key for found in keys for key in found)
    if len(counsellors) < LEAST_COUNSELLORS:
        raise Misconfigured(
            f"These sessions are of {len(counsellors)} counsellors. Tables for a study are about {LEAST_COUNSELLORS} or"
            " more, so that their figures are about nobody in particular."
        )


def _is_any_measured(run: ExportRun, sessions: Sequence[SessionKey]) -> bool:
    with transaction(run.engine, run.viewer.user_id) as session:
        return any(
            session.exec(
                select(StoredSession.session_id).where(col(StoredSession.session_id).in_(ids), with_measures()).limit(1)
            ).first()
            for ids in portions(sessions)
        )


def _read(run: ExportRun, ids: Sequence[UUID]) -> list[StudySession]:
    """Return those of the sessions that this supervisor may see now, in the order of their ids; no words are read."""
    with transaction(run.engine, run.viewer.user_id) as session:
        chosen = session.exec(
            select(StoredSession)
            .where(col(StoredSession.session_id).in_(ids), visible_to(run.viewer))
            .order_by(col(StoredSession.session_id))
        ).all()
        found = [row.session_id for row in chosen]
        outcomes = outcomes_of(session, run.viewer, chosen)
        moments = _moments(session, found)
        messages, clients = _messages(session, found)
        measures = _measures(session, chosen)
        session.expunge_all()
    return [
        StudySession(
            row,
            moments.get(row.session_id, []),
            messages.get(row.session_id, []),
            frozenset(clients.get(row.session_id, set())),
            outcomes.get(row.session_id, []),
            measures.get(row.session_id),
        )
        for row in chosen
    ]


def _measures(session: Session, chosen: Sequence[StoredSession]) -> dict[UUID, MeasuresView | None]:
    rows = {row.session_id: row for row in chosen}
    query = select(StoredMeasures).where(col(StoredMeasures.session_id).in_(rows))
    return {stored.session_id: shown_measures(stored, rows[stored.session_id]) for stored in session.exec(query)}


def _moments(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[StudyMoment]]:
    labels = labels_of_sessions(session, ids)
    found: dict[UUID, list[StudyMoment]] = defaultdict(list)
    for exchange, answer in session.exec(
        select(StoredExchange, StoredAnswer)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(col(StoredExchange.session_id).in_(ids), col(StoredAnswer.superseded_by).is_(None))
        .order_by(col(StoredExchange.position))
        .options(defer(StoredAnswer.words))  # type: ignore[arg-type] # a column, to SQLAlchemy
    ):
        found[exchange.session_id].append(StudyMoment(exchange, answer, labels.get(answer.assessment_id, {})))
    return found


def _messages(session: Session, ids: Sequence[UUID]) -> tuple[dict[UUID, list[MessageView]], dict[UUID, set[str]]]:
    """Return the messages of each session in order, without their words, and the clients who wrote them."""
    message = StoredMessage
    query = (
        select(message.session_id, message.message_id, message.role, message.author)
        .add_columns(col(message.sent_at))
        .where(col(message.session_id).in_(ids))
        .order_by(col(message.session_id), col(message.position))
    )
    messages: dict[UUID, list[MessageView]] = defaultdict(list)
    clients: dict[UUID, set[str]] = defaultdict(set)
    for session_id, message_id, role, author, sent_at in session.exec(query):  # type: ignore[call-overload]
        messages[session_id].append(MessageView(message_id, Role(role), author, sent_at, ""))
        if role == Role.CLIENT:
            clients[session_id].add(author)
    return messages, clients
