"""Deletions and edits of messages that are stored, after the stream has dropped the text of their session.

What an answer says may quote the message, and the sink cannot read it: so every answer about an exchange with the
message is superseded and loses its words, and the exchange has the abstention `text_changed`. So does the mark of an
unanswered moment with it. Under a legal hold the message stays and its session is shown to nobody.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer
from sqlmodel import Session, col, delete, select

from plugin.crypto.keys import FingerprintKey, KeyEncryptionKey
from plugin.database import holds
from plugin.database.conversation_keys import delete_unused_data_key, find_cipher
from plugin.database.removal import remove_what_people_said
from plugin.database.sealed_columns import message_text_binding
from plugin.database.tables import StoredAnswer, StoredExchange, StoredLookAnswer, StoredMessage, StoredSession
from plugin.database.tombstones import add_tombstone, deleted_messages, message_subject
from plugin.sink.need import WITHOUT_WORDS, store_need
from stream.contracts.feedback import ModelVersion
from stream.contracts.ids import assessment_id, input_id
from stream.contracts.messages import Deletion, Edit
from stream.contracts.vocabulary import MarkKind, NeedsHuman

_WITHOUT_TEXT = defer(StoredMessage.text, raiseload=True)  # type: ignore[arg-type] # a column, to the mapper


def tombstone_message(session: Session, key: FingerprintKey, record: Deletion, now: datetime) -> None:
    """Add the tombstone of a deleted message, so that no record that is replayed later brings it back."""
    subject = message_subject(record.tenant, record.conversation_id, record.message_id)
    add_tombstone(session, key, subject, until=record.deleted_at, erasure_id=None, now=now)


def remove_messages(
    session: Session, tenant: str, conversation_id: str, message_ids: Collection[str], now: datetime
) -> bool:
    """Remove messages from the stored sessions of a conversation; returns whether any was stored.

    An exchange that loses its whole client turn or reply is removed too.
    """
    found = _sessions_with(session, tenant, conversation_id, message_ids) if message_ids else []
    for row in found:
        if _is_held(session, row):
            continue
        affected = _exchanges_with(session, row, message_ids)
        remove_what_people_said(session, row.session_id, [exchange.exchange_id for exchange in affected])
        session.exec(
            delete(StoredMessage).where(
                col(StoredMessage.session_id) == row.session_id, col(StoredMessage.message_id).in_(message_ids)
            )
        )
        session.exec(
            delete(StoredLookAnswer).where(
                col(StoredLookAnswer.session_id) == row.session_id, col(StoredLookAnswer.message_id).in_(message_ids)
            )
        )
        for exchange in affected:
            _remove_from_exchange(session, exchange, message_ids)
        _withdraw_verdicts(row, message_ids)
        marks = [mark | {"message_ids": _without(mark["message_ids"], message_ids)} for mark in row.marks]
        row.marks = [mark for mark in marks if mark["message_ids"]]
        _abstain(session, row, [exchange for exchange in affected if exchange.client_turn and exchange.reply], now)
        delete_unused_data_key(session, tenant, conversation_id)
    return bool(found)


def change_message(session: Session, kek: KeyEncryptionKey, key: FingerprintKey, record: Edit, now: datetime) -> bool:
    """Replace the text of a stored message by that of a later edit; returns whether it was stored and older.

    An edit that names who edited changes that person's messages alone.
    """
    ids = {record.message_id}
    by_author = true() if record.author is None else col(StoredMessage.author) == record.author
    if deleted_messages(session, key, record.tenant, record.conversation_id, ids):
        return False
    changed = False
    for row in _sessions_with(session, record.tenant, record.conversation_id, ids):
        cipher = find_cipher(session, kek, record.tenant, record.conversation_id)
        if cipher is None or _is_held(session, row):
            continue
        sealed = cipher.encrypt(record.text, message_text_binding(record.tenant, row.session_id, record.message_id))
        result = session.exec(
            update(StoredMessage)
            .where(
                col(StoredMessage.session_id) == row.session_id,
                col(StoredMessage.message_id) == record.message_id,
                col(StoredMessage.revision) < record.revision,
                by_author,
            )
            .values(text=sealed, revision=record.revision)
        )
        if result.rowcount:
            remove_what_people_said(
                session, row.session_id, [each.exchange_id for each in _exchanges_with(session, row, ids)]
            )
            _withdraw_verdicts(row, ids)
            _abstain(session, row, _exchanges_with(session, row, ids), now)
            changed = True
    return changed


def _sessions_with(
    session: Session, tenant: str, conversation_id: str, message_ids: Collection[str]
) -> list[StoredSession]:
    with_message = select(StoredMessage.session_id).where(col(StoredMessage.message_id).in_(message_ids))
    return list(
        session.exec(
            select(StoredSession).where(
                col(StoredSession.tenant) == tenant,
                col(StoredSession.conversation_id) == conversation_id,
                col(StoredSession.session_id).in_(with_message),
            )
        ).all()
    )


def _is_held(session: Session, row: StoredSession) -> bool:
    """Return whether a legal hold keeps the session as it is; then it is shown to nobody from now on."""
    if not holds.is_held(session, row.tenant, row.conversation_id):
        return False
    row.restricted = True
    session.flush()
    return True


def _exchanges_with(session: Session, row: StoredSession, message_ids: Collection[str]) -> list[StoredExchange]:
    of_session = select(StoredExchange).where(col(StoredExchange.session_id) == row.session_id)
    return [exchange for exchange in session.exec(of_session) if not _message_ids(exchange).isdisjoint(message_ids)]


def _message_ids(exchange: StoredExchange) -> set[str]:
    return {*exchange.context, *exchange.client_turn, *exchange.reply}


def _remove_from_exchange(session: Session, exchange: StoredExchange, message_ids: Collection[str]) -> None:
    exchange.context = _without(exchange.context, message_ids)
    exchange.client_turn = _without(exchange.client_turn, message_ids)
    exchange.reply = _without(exchange.reply, message_ids)
    exchange.cues = [cue for cue in exchange.cues if cue["message_id"] not in message_ids]
    if not exchange.client_turn or not exchange.reply:
        session.exec(delete(StoredAnswer).where(col(StoredAnswer.exchange_id) == exchange.exchange_id))
        session.delete(exchange)


def _withdraw_verdicts(row: StoredSession, message_ids: Collection[str]) -> None:
    """Replace the verdict on an unanswered moment with one of these messages by the reason `text_changed`."""
    changed = {"resistance_type": None, "model": None, "needs_human": NeedsHuman.TEXT_CHANGED.value}
    row.marks = [
        mark | changed
        if mark["kind"] == MarkKind.UNANSWERED_MOMENT and not {*mark["message_ids"]}.isdisjoint(message_ids)
        else mark
        for mark in row.marks
    ]


def _abstain(session: Session, row: StoredSession, exchanges: Collection[StoredExchange], now: datetime) -> None:
    """Replace the valid answers about some exchanges by the abstention `text_changed`, and derive the need again."""
    revisions = dict(
        session.exec(
            select(StoredMessage.message_id, StoredMessage.revision).where(
                col(StoredMessage.session_id) == row.session_id
            )
        ).all()
    )
    for exchange in exchanges:
        about = col(StoredAnswer.exchange_id) == exchange.exchange_id, col(StoredAnswer.superseded_by).is_(None)
        old = session.exec(select(StoredAnswer).where(*about).options(WITHOUT_WORDS)).first()
        if old is None:
            continue
        model = ModelVersion.model_validate(old.model)
        session.exec(update(StoredAnswer).where(*about).values(superseded_by=row.revision, words=None))
        ids = (*exchange.context, *exchange.client_turn, *exchange.reply)
        model_input = input_id((one, revisions.get(one, 0)) for one in ids)
        values = {
            "assessment_id": assessment_id(row.session_id, exchange.exchange_id, model_input, model.key),
            "session_id": row.session_id,
            "exchange_id": exchange.exchange_id,
            "input_id": model_input,
            "model": old.model,
            "abstained": NeedsHuman.TEXT_CHANGED.value,
            "ratings": [],
            "revision": row.revision,
            "stored_at": now,
        }
        session.exec(insert(StoredAnswer).values(**values).on_conflict_do_nothing())
        exchange.shown = True
    session.flush()
    session.expire_all()
    store_need(session, row)
    session.flush()


def _without(ids: Collection[str], removed: Collection[str]) -> list[str]:
    return [one for one in ids if one not in removed]
