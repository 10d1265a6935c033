"""Storage of the row of a session, and of the rows of the people in it."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, delete

from plugin.database.needs import NO_FACTS, Need, facts_from_json, facts_to_json
from plugin.database.tables import SessionClient, SessionCounsellor, StoredSession, TombstoneKind
from plugin.database.tombstones import Subject
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.sessions import SessionOutline
from stream.contracts.vocabulary import Role, SessionState


def people_in(record: SessionOutline) -> set[Subject]:
    """Return the clients and counsellors whose erasure concerns this session."""
    clients = {*record.clients, *(m.author for m in record.messages if m.role is Role.CLIENT)}
    return {Subject(TombstoneKind.CLIENT, record.tenant, name) for name in clients} | {
        Subject(TombstoneKind.COUNSELLOR, record.tenant, name) for name in record.counsellors
    }


def store_outline(session: Session, row: StoredSession | None, record: FeedbackRecord, now: datetime) -> StoredSession:
    """Insert or update the session's row and the rows of the people who wrote in it; return the session's row.

    A reopened record carries no counts, marks or language: those of the last close stay.
    """
    if row is not None and record.state is SessionState.REOPENED:
        row.state, row.revision, row.stored_at = record.state.value, record.revision, now
        session.add(row)
        session.flush()
        return row
    is_new = row is None
    values = record.model_dump(
        mode="python",
        include={"tenant", "conversation_id", "revision", "started_at", "ended_at", "closed_at", "language"},
    )
    values |= record.model_dump(mode="json", include={"state", "end_reason", "left_out", "consent", "counts", "marks"})
    values["first_appended_at"], values["last_appended_at"] = record.began_at, record.last_heard_at
    values["detector"] = None if record.detector is None else record.detector.model_dump(mode="json")
    values["stored_at"] = now
    if row is None:
        nothing = {"need": Need.OTHER.value, "facts": facts_to_json(NO_FACTS)}
        row = StoredSession(session_id=record.session_id, **nothing, **values)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    row.facts = facts_to_json(replace(facts_from_json(row.facts), names_told=record.names_told))
    session.add(row)
    session.flush()
    _store_people(session, record, is_new=is_new)
    return row


def _store_people(session: Session, record: FeedbackRecord, *, is_new: bool) -> None:
    if not is_new:
        for people in (SessionCounsellor, SessionClient):
            session.exec(delete(people).where(col(people.session_id) == record.session_id))
    session.add_all(
        SessionCounsellor(session_id=record.session_id, counsellor=name, tenant=record.tenant, position=position)
        for position, name in enumerate(dict.fromkeys(record.counsellors))
    )
    session.add_all(
        SessionClient(session_id=record.session_id, client=person.pseudonym, tenant=record.tenant)
        for person in people_in(record)
        if person.kind is TombstoneKind.CLIENT
    )
