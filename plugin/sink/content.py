"""Storage of the messages, exchanges and answers of a session, encrypted where they hold text."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.answers import ratings_without_words, words_to_json
from plugin.database.conversation_keys import delete_unused_data_key, find_or_add_cipher
from plugin.database.removal import remove_transcript, remove_what_people_said
from plugin.database.sealed_columns import answer_words_binding, message_text_binding
from plugin.database.tables import StoredAnswer, StoredExchange, StoredMessage
from plugin.database.tables.base import Json
from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord


def store_content(
    session: Session, kek: KeyEncryptionKey, record: FeedbackRecord, now: datetime, *, is_new: bool
) -> None:
    """Replace the content of the session's former revision by that of a closed revision; a new session has none.

    An answer that is stored and not superseded stays as it is, since the first one counts. Answers that this revision
    no longer has are superseded.
    """
    answers: list[Assessment | Abstention] = [*record.assessments, *record.abstentions]
    present = [answer.assessment_id for answer in answers]
    if not is_new:
        if _has_lost_words(session, record):
            superseded = select(StoredAnswer.exchange_id).where(*_missing_answers(record, present))
            remove_what_people_said(session, record.session_id, session.exec(superseded).all())
        remove_transcript(session, record.session_id)
    if record.messages:
        cipher = find_or_add_cipher(session, kek, record.tenant, record.conversation_id, now)
        _add_transcript(session, cipher, record)
        for answer in answers:
            _add_answer(session, cipher, record, answer, now)
    session.flush()
    if not is_new:
        _supersede_missing_answers(session, record, present)
        delete_unused_data_key(session, record.tenant, record.conversation_id)


def _has_lost_words(session: Session, record: FeedbackRecord) -> bool:
    """Return whether a stored message was edited, or is not in this revision."""
    stored = select(StoredMessage.message_id, StoredMessage.revision).where(
        col(StoredMessage.session_id) == record.session_id
    )
    now = {message.message_id: message.revision for message in record.messages}
    return any(now.get(message_id) != revision for message_id, revision in session.exec(stored))


def _missing_answers(record: FeedbackRecord, present: list[UUID]) -> tuple[ColumnElement[bool], ...]:
    return (
        col(StoredAnswer.session_id) == record.session_id,
        col(StoredAnswer.superseded_by).is_(None),
        col(StoredAnswer.assessment_id).not_in(present),
    )


def _add_transcript(session: Session, cipher: TextCipher, record: FeedbackRecord) -> None:
    session.add_all(
        StoredMessage(
            session_id=record.session_id,
            message_id=message.message_id,
            position=position,
            revision=message.revision,
            role=message.role.value,
            author=message.author,
            sent_at=message.sent_at,
            text=cipher.encrypt(
                message.text, message_text_binding(record.tenant, record.session_id, message.message_id)
            ),
        )
        for position, message in enumerate(record.messages)
    )
    session.add_all(
        StoredExchange(
            session_id=record.session_id,
            position=position,
            **exchange.model_dump(mode="json", exclude={"exchange_id", "needs_human"}),
            exchange_id=exchange.exchange_id,
        )
        for position, exchange in enumerate(record.exchanges)
    )


def _add_answer(
    session: Session, cipher: TextCipher, record: FeedbackRecord, answer: Assessment | Abstention, now: datetime
) -> None:
    values: dict[str, Json] = {
        "assessment_id": answer.assessment_id,
        "session_id": record.session_id,
        "exchange_id": answer.exchange_id,
        "input_id": answer.input_id,
        "model": answer.model.model_dump(mode="json"),
        "revision": record.revision,
        "superseded_by": None,
        "stored_at": now,
        **(
            _assessment_columns(cipher, record.tenant, answer)
            if isinstance(answer, Assessment)
            else _abstention_columns(answer)
        ),
    }
    # An answer that was superseded, and so has no words, is written again; one that was not stays as it is.
    session.exec(
        insert(StoredAnswer)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["assessment_id"],
            set_=values,
            where=col(StoredAnswer.superseded_by).is_not(None),
        )
    )


def _assessment_columns(cipher: TextCipher, tenant: str, assessment: Assessment) -> dict[str, Json]:
    return {
        "abstained": None,
        "verdict": assessment.verdict.value,
        "resistance_type": assessment.resistance_type,
        "confidence": assessment.confidence,
        "possible_injection": assessment.possible_injection,
        "ratings": ratings_without_words(assessment),
        "words": cipher.encrypt(words_to_json(assessment), answer_words_binding(tenant, assessment.assessment_id)),
    }


def _abstention_columns(abstention: Abstention) -> dict[str, Json]:
    return {
        "abstained": abstention.reason.value,
        "verdict": None,
        "resistance_type": None,
        "confidence": None,
        "possible_injection": False,
        "ratings": [],
        "words": None,
    }


def _supersede_missing_answers(session: Session, record: FeedbackRecord, present: list[UUID]) -> None:
    session.exec(
        update(StoredAnswer).where(*_missing_answers(record, present)).values(superseded_by=record.revision, words=None)
    )
