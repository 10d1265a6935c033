"""Who or what is meant, and what is stored of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from plugin.crypto.keys import key_from_base64
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.tables import ForgottenKind, Hold, SessionClient, SessionCounsellor, StoredSession
from plugin.database.tombstones import Subject
from stream.contracts.base import Pseudonym
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required

_PSEUDONYM: Final[TypeAdapter[str]] = TypeAdapter(Pseudonym)


@dataclass(frozen=True)
class Found:
    """What is stored of a subject."""

    conversations: tuple[str, ...]
    sessions: int
    held: tuple[str, ...]
    """Those of the conversations that are under a legal hold."""
    with_others: int
    """Of a client's conversations: those in which another client wrote too. They go as a whole."""


def subject(settings: Settings, kind: ForgottenKind, tenant: str, reference: str, *, is_pseudonym: bool) -> Subject:
    """The subject of a platform's own reference, or of its pseudonym.

    Raises:
        Misconfigured: there is no such tenant, its key is missing, or that is no pseudonym.
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
    place = f"tenants.{tenant}.pseudonym_key"
    try:
        pseudonyms = Pseudonyms(key_from_base64(required(settings.tenants[tenant].pseudonym_key, place)))
    except ValueError as error:
        raise Misconfigured(f"{place}: {error}.") from None
    is_person = kind in {ForgottenKind.CLIENT, ForgottenKind.COUNSELLOR}
    return Subject(kind, tenant, pseudonyms.person(reference) if is_person else pseudonyms.conversation(reference))


def stored(session: Session, subject: Subject) -> Found:
    """What the database holds of a subject now."""
    sessions = select(StoredSession.session_id).where(col(StoredSession.tenant) == subject.tenant)
    match subject.kind:
        case ForgottenKind.CLIENT:
            theirs = select(SessionClient.session_id).where(
                col(SessionClient.tenant) == subject.tenant, col(SessionClient.client) == subject.pseudonym
            )
            conversations = select(StoredSession.conversation_id).where(col(StoredSession.session_id).in_(theirs))
            whole = sessions.where(col(StoredSession.conversation_id).in_(conversations))
        case ForgottenKind.COUNSELLOR:
            whole = sessions.where(col(StoredSession.session_id).in_(of_counsellor(subject)))
        case _:
            whole = sessions.where(col(StoredSession.conversation_id) == subject.pseudonym)
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
    return Found(
        tuple(names),
        session.exec(select(func.count()).select_from(whole.subquery())).one(),
        tuple(held),
        _with_others(session, subject, names) if subject.kind is ForgottenKind.CLIENT else 0,
    )


def of_counsellor(subject: Subject) -> SelectOfScalar[UUID]:
    """The sessions in which a counsellor wrote."""
    return select(SessionCounsellor.session_id).where(
        col(SessionCounsellor.tenant) == subject.tenant, col(SessionCounsellor.counsellor) == subject.pseudonym
    )


def _with_others(session: Session, subject: Subject, conversations: Sequence[str]) -> int:
    return session.exec(
        select(func.count(func.distinct(StoredSession.conversation_id)))
        .join(SessionClient, col(SessionClient.session_id) == col(StoredSession.session_id))
        .where(
            col(StoredSession.tenant) == subject.tenant,
            col(StoredSession.conversation_id).in_(conversations),
            col(SessionClient.client) != subject.pseudonym,
        )
    ).one()
