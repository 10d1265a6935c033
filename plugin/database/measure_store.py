"""Storing and removal of what measures say of sessions. Whoever is about one conversation holds its lock."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, and_, any_, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, exists, literal, select

from plugin.database.tables import Hold, StoredMeasures, StoredSession
from stream.contracts.measures import MeasuresRecord

_IDENTITY: Final = frozenset({"session_id", "tenant", "conversation_id"})


def put_measures(session: Session, record: MeasuresRecord, now: datetime, *, keeps_people: bool) -> None:
    """Store what was said of a revision, unless that of as high a one is stored. Again changes nothing.

    With `keeps_people` who wrote in the session is stored beside it, since the session's row does not say so yet.
    """
    values = record.model_dump(mode="python", include={*_IDENTITY, "revision", "first_appended_at", "last_appended_at"})
    values |= record.model_dump(mode="json", include={"reader", "absent", "turns"})
    values["measures"] = [measure.model_dump(mode="json", exclude_defaults=True) for measure in record.measures]
    values["people"] = sorted({*record.clients, *record.counsellors}) if keeps_people else None
    values["stored_at"] = now
    session.exec(
        insert(StoredMeasures)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["session_id"],
            set_={name: values[name] for name in values.keys() - _IDENTITY},
            where=col(StoredMeasures.revision) < record.revision,
        )
    )


def remove_measures_of_session(session: Session, session_id: UUID) -> None:
    """Remove what was said of one session."""
    _remove(session, col(StoredMeasures.session_id) == session_id)


def remove_older_measures(session: Session, session_id: UUID, revision: int) -> None:
    """Remove what was said of earlier revisions of a session, whose words may be others now."""
    _remove(session, col(StoredMeasures.session_id) == session_id, col(StoredMeasures.revision) < revision)


def remove_measures_of_conversation(
    session: Session, tenant: str, conversation_id: str, until: datetime | None
) -> None:
    """Remove what was said of the sessions that began up to the broker time `until`; None means all."""
    theirs = _in_conversation(tenant, conversation_id)
    if until is not None:
        theirs.append(col(StoredMeasures.first_appended_at) <= until)
    _remove(session, *theirs)


def remove_measures_with(session: Session, tenant: str, conversation_id: str, message_ids: Collection[str]) -> None:
    """Remove what was said of the sessions that hold one of these messages: their words are no longer those."""
    found = session.exec(
        select(StoredMeasures.session_id, StoredMeasures.turns).where(*_in_conversation(tenant, conversation_id))
    )
    for session_id, turns in found.all():
        if any(not set(message_ids).isdisjoint(turn["message_ids"]) for turn in turns):
            remove_measures_of_session(session, session_id)


def forget_people(session: Session, session_id: UUID, revision: int) -> None:
    """Remove from what was said of a session up to a revision who wrote in it, since the session's row now says so."""
    said = col(StoredMeasures.session_id) == session_id, col(StoredMeasures.revision) <= revision
    session.exec(update(StoredMeasures).where(*said, col(StoredMeasures.people).is_not(None)).values(people=None))


def remove_measures_without_session(session: Session, tenant: str, conversation_id: str) -> None:
    """Remove what was said of a conversation's sessions that are not stored: a withdrawal may be about any of them."""
    _remove(session, *_in_conversation(tenant, conversation_id), ~_is_stored(), ~_is_held())


def remove_measures_by_person(session: Session, tenant: str, pseudonym: str) -> None:
    """Remove what was said of revisions that are not stored yet and in which somebody wrote, or perhaps did."""
    people = col(StoredMeasures.people)
    wrote = or_(literal(pseudonym) == any_(people), and_(people.is_(None), ~_is_stored()))
    _remove(session, col(StoredMeasures.tenant) == tenant, wrote, ~_is_held())


def remove_old_measures(session: Session, cutoff: datetime) -> None:
    """Remove what was said of sessions before a broker time, unless their conversation is under a legal hold."""
    _remove(session, col(StoredMeasures.last_appended_at) < cutoff, ~_is_held())


def _remove(session: Session, *which: ColumnElement[bool]) -> None:
    session.exec(delete(StoredMeasures).where(*which))


def _in_conversation(tenant: str, conversation_id: str) -> list[ColumnElement[bool]]:
    return [col(StoredMeasures.tenant) == tenant, col(StoredMeasures.conversation_id) == conversation_id]


def _is_stored() -> Exists:
    same = col(StoredSession.session_id) == col(StoredMeasures.session_id)
    return exists(select(StoredSession.session_id).where(same).correlate(StoredMeasures))


def _is_held() -> Exists:
    same = (
        col(Hold.tenant) == col(StoredMeasures.tenant),
        col(Hold.conversation_id) == col(StoredMeasures.conversation_id),
    )
    return exists(select(Hold.tenant).where(*same).correlate(StoredMeasures))
