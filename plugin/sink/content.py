"""What hangs on a session: its messages, exchanges and answers, sealed where they hold words."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.answers import plain_ratings, words_of
from plugin.database.conversation_keys import cipher_for, delete_unused_key
from plugin.database.removal import remove_transcript
from plugin.database.sealed_columns import place_of_message, place_of_words
from plugin.database.tables import StoredAnswer, StoredExchange, StoredMessage
from plugin.database.tables.base import Json
from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord


def store_content(session: Session, kek: KeyEncryptionKey, record: FeedbackRecord, now: datetime) -> None:
    """Put a closed revision's content in the place of the former one's.

    An answer that is there and stands stays as it is: the first one wins. Those that this revision no longer has are
    superseded.
    """
    remove_transcript(session, record.session_id)
    if record.messages:
        cipher = cipher_for(session, kek, record.tenant, record.conversation_id, now)
        _add_transcript(session, cipher, record)
        for answer in _answers(record):
            _add_answer(session, cipher, record, answer, now)
    _supersede_all_but(session, record)
    session.flush()
    delete_unused_key(session, record.tenant, record.conversation_id)


def _answers(record: FeedbackRecord) -> list[Assessment | Abstention]:
    return [*record.assessments, *record.abstentions]


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
            text=cipher.encrypt(message.text, place_of_message(record.tenant, record.session_id, message.message_id)),
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
        **(_assessed(cipher, record.tenant, answer) if isinstance(answer, Assessment) else _abstained(answer)),
    }
    # One that was superseded and has lost its words comes back whole; one that stands is left alone.
    session.exec(
        insert(StoredAnswer)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["assessment_id"],
            set_=values,
            where=col(StoredAnswer.superseded_by).is_not(None),
        )
    )


def _assessed(cipher: TextCipher, tenant: str, assessment: Assessment) -> dict[str, Json]:
    return {
        "abstained": None,
        "verdict": assessment.verdict.value,
        "resistance_type": assessment.resistance_type,
        "ratings": plain_ratings(assessment),
        "words": cipher.encrypt(words_of(assessment), place_of_words(tenant, assessment.assessment_id)),
    }


def _abstained(abstention: Abstention) -> dict[str, Json]:
    return {
        "abstained": abstention.reason.value,
        "verdict": None,
        "resistance_type": None,
        "ratings": [],
        "words": None,
    }


def _supersede_all_but(session: Session, record: FeedbackRecord) -> None:
    standing = [answer.assessment_id for answer in _answers(record)]
    session.exec(
        update(StoredAnswer)
        .where(
            col(StoredAnswer.session_id) == record.session_id,
            col(StoredAnswer.superseded_by).is_(None),
            col(StoredAnswer.assessment_id).not_in(standing),
        )
        .values(superseded_by=record.revision, words=None)
    )
