"""Reading of stored exchanges as a model is asked about them, one by one, and storing of what it says of each.

Names that the platform told are not stored, so names are recognised as where nobody told them; those of the accounts
of the session's counsellors are known.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.conversation_keys import find_cipher
from plugin.database.locks import lock_conversation
from plugin.database.sealed_columns import message_text_binding
from plugin.database.tables import (
    Account,
    StoredAnswer,
    StoredExchange,
    StoredMessage,
    StoredRerating,
    StoredSession,
)
from plugin.database.tables.base import Json
from plugin.queue.scope import counsellor_key
from plugin.rerate.due import Asked, is_due
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.sessions import Exchange, KnownName, SessionMessage, SessionRecord
from stream.contracts.vocabulary import Role

BATCH: Final = 200
"""Places that are looked up at once: to find them the database looks at every session, which may take a second."""
_FIELDS: Final = {
    *("tenant", "conversation_id", "session_id", "revision", "state", "started_at", "ended_at", "closed_at"),
    *("end_reason", "consent"),
}


@dataclass(frozen=True)
class Place:
    """The place of an exchange in a run, which goes session by session; the ids of sessions say nothing of times."""

    session_id: UUID
    position: int
    assessment_id: UUID
    """The answer that counts, beside which the model's is to stand."""


@dataclass(frozen=True)
class DueExchange:
    """An exchange that a model is asked about."""

    place: Place
    input_id: UUID
    tenant: str
    conversation_id: str
    record: SessionRecord | None
    """The session with all its stored messages and this exchange alone; None if not all of its words are there."""


def due_places(session: Session, asked: Asked, after: Place | None) -> list[Place]:
    """Return the first places after one at which an exchange is due; none at the end of a run."""
    place = col(StoredSession.session_id), col(StoredExchange.position)
    due = select(*place, StoredAnswer.assessment_id).where(is_due(asked))
    if after is not None:
        due = due.where(tuple_(*place) > tuple_(after.session_id, after.position))
    return [Place(*found) for found in session.exec(due.order_by(*place).limit(BATCH))]


def read_exchange(session: Session, kek: KeyEncryptionKey, asked: Asked, place: Place) -> DueExchange | None:
    """Return the exchange at a place with its words; None if it is not due any more."""
    found = session.exec(
        select(StoredSession, StoredExchange, StoredAnswer.input_id).where(
            is_due(asked), col(StoredAnswer.assessment_id) == place.assessment_id
        )
    ).first()
    if found is None:
        return None
    row, exchange, input_id = found
    return DueExchange(place, input_id, row.tenant, row.conversation_id, _record(session, kek, row, exchange))


def store_answer(
    session: Session, asked: Asked, due: DueExchange, answer: Assessment | Abstention, now: datetime
) -> bool:
    """Store what the model says, unless the exchange is no longer due, or is not what the model has read.

    Returns whether it is stored.
    """
    lock_conversation(session, due.tenant, due.conversation_id)
    still_due = session.exec(
        select(StoredAnswer.assessment_id)
        .select_from(StoredSession, StoredExchange, StoredAnswer)
        .where(is_due(asked), col(StoredAnswer.assessment_id) == due.place.assessment_id)
    ).first()
    if still_due is None or answer.input_id != due.input_id:
        return False
    values: dict[str, Json] = {
        "assessment_id": due.place.assessment_id,
        "model_key": answer.model.key,
        "shadow": asked.is_shadow,
        "session_id": due.place.session_id,
        "model": answer.model.model_dump(mode="json"),
        "abstained": answer.reason.value if isinstance(answer, Abstention) else None,
        "verdict": answer.verdict.value if isinstance(answer, Assessment) else None,
        "ratings": _levels(answer) if isinstance(answer, Assessment) else [],
        "rated_at": now,
    }
    session.exec(insert(StoredRerating).values(**values).on_conflict_do_nothing())
    return True


def _levels(assessment: Assessment) -> Json:
    return [rating.model_dump(mode="json", exclude={"reason", "evidence"}) for rating in assessment.ratings]


def _record(
    session: Session, kek: KeyEncryptionKey, row: StoredSession, exchange: StoredExchange
) -> SessionRecord | None:
    messages = _messages(session, kek, row)
    asked = Exchange.model_validate(exchange, from_attributes=True)
    if not {message.message_id for message in messages}.issuperset(asked.message_ids):
        return None
    return SessionRecord(
        **{name: getattr(row, name) for name in _FIELDS},
        messages=messages,
        exchanges=(asked,),
        known_names=_names(session, row),
    )


def _messages(session: Session, kek: KeyEncryptionKey, row: StoredSession) -> tuple[SessionMessage, ...]:
    cipher = find_cipher(session, kek, row.tenant, row.conversation_id)
    if cipher is None:
        return ()
    stored = session.exec(
        select(StoredMessage)
        .where(col(StoredMessage.session_id) == row.session_id)
        .order_by(col(StoredMessage.position))
    )
    return tuple(
        SessionMessage(
            message_id=one.message_id,
            revision=one.revision,
            role=Role(one.role),
            author=one.author,
            sent_at=one.sent_at,
            text=cipher.decrypt(one.text, message_text_binding(row.tenant, row.session_id, one.message_id)),
        )
        for one in stored
    )


def _names(session: Session, row: StoredSession) -> tuple[KnownName, ...]:
    found = session.exec(select(Account.display_name).where(counsellor_key().in_(row.counsellor_keys)))
    return tuple(KnownName(role=Role.COUNSELLOR, name=name) for name in found if name)
