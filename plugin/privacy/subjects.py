"""The subject of an erasure or a hold, resolved from an operator's input, and the data stored about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from plugin.database.tables import Hold, SessionClient, SessionCounsellor, StoredSession, TombstoneKind
from plugin.database.tombstones import Subject
from plugin.tenants import pseudonyms_of
from stream.contracts.base import Pseudonym
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings

_PSEUDONYM: Final[TypeAdapter[str]] = TypeAdapter(Pseudonym)


@dataclass(frozen=True)
class SubjectData:
    """The data in the database about a subject."""

    conversations: tuple[str, ...]
    sessions: int
    held: tuple[str, ...]
    """The conversations among them that are under a legal hold."""
    shared: int
    """The number of a client's conversations in which another client wrote too. They are erased as a whole."""


def resolve_subject(
    settings: Settings, kind: TombstoneKind, tenant: str, reference: str, *, is_pseudonym: bool
) -> Subject:
    """Return the subject that a platform's own reference, or a pseudonym, stands for.

    Raises:
        Misconfigured: there is no such tenant, its key is missing, or `reference` is not a pseudonym.
    """
    if tenant not in settings.tenants:
        known = ", ".join(sorted(settings.tenants)) or "none"
        raise Misconfigured(f"There is no tenant {tenant} in the settings; known: {known}.")
    if is_pseudonym:
        try:
            return Subject(kind, tenant, _PSEUDONYM.validate_python(reference))
        except ValidationError:
            raise Misconfigured(
                "That is no pseudonym: without --pseudonym give the platform's own reference."
            ) from None
    pseudonyms = pseudonyms_of(settings.tenants, tenant)
    pseudonym = pseudonyms.person(reference) if kind.is_person else pseudonyms.conversation(reference)
    return Subject(kind, tenant, pseudonym)


def find_subject_data(session: Session, subject: Subject) -> SubjectData:
    """Return what the database holds about a subject now."""
    whole = _sessions_of(subject)
    names = session.exec(
        select(StoredSession.conversation_id)
        .where(col(StoredSession.session_id).in_(whole))
        .distinct()
        .order_by(StoredSession.conversation_id)
    ).all()
    held = session.exec(
        select(Hold.conversation_id)
        .where(col(Hold.tenant) == subject.tenant, col(Hold.conversation_id).in_({*names, subject.pseudonym}))
        .order_by(Hold.conversation_id)
    ).all()
    return SubjectData(
        tuple(names),
        session.exec(select(func.count()).select_from(whole.subquery())).one(),
        tuple(held),
        _count_shared_conversations(session, subject, names) if subject.kind is TombstoneKind.CLIENT else 0,
    )


def count_until(session: Session, subject: Subject, until: datetime) -> int:
    """Return how many sessions of a subject the database holds that began up to the broker time `until`."""
    began_before = _sessions_of(subject).where(col(StoredSession.first_appended_at) <= until)
    return session.exec(select(func.count()).select_from(began_before.subquery())).one()


def _sessions_of(subject: Subject) -> SelectOfScalar[UUID]:
    """Return the query for the ids of the sessions that an erasure of the subject removes."""
    sessions = select(StoredSession.session_id).where(col(StoredSession.tenant) == subject.tenant)
    match subject.kind:
        case TombstoneKind.CLIENT:
            own_sessions = select(SessionClient.session_id).where(
                col(SessionClient.tenant) == subject.tenant, col(SessionClient.client) == subject.pseudonym
            )
            conversations = select(StoredSession.conversation_id).where(col(StoredSession.session_id).in_(own_sessions))
            return sessions.where(col(StoredSession.conversation_id).in_(conversations))
        case TombstoneKind.COUNSELLOR:
            return sessions.where(col(StoredSession.session_id).in_(sessions_of_counsellor(subject)))
        case _:
            return sessions.where(col(StoredSession.conversation_id) == subject.pseudonym)


def sessions_of_counsellor(subject: Subject) -> SelectOfScalar[UUID]:
    """Return the query for the ids of the sessions in which a counsellor wrote."""
    return select(SessionCounsellor.session_id).where(
        col(SessionCounsellor.tenant) == subject.tenant, col(SessionCounsellor.counsellor) == subject.pseudonym
    )


def _count_shared_conversations(session: Session, subject: Subject, conversations: Sequence[str]) -> int:
    return session.exec(
        select(func.count(func.distinct(StoredSession.conversation_id)))
        .join(SessionClient, col(SessionClient.session_id) == col(StoredSession.session_id))
        .where(
            col(StoredSession.tenant) == subject.tenant,
            col(StoredSession.conversation_id).in_(conversations),
            col(SessionClient.client) != subject.pseudonym,
        )
    ).one()
