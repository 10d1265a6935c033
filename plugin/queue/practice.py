"""The practice box of a therapist: replies rewritten for an own moment, kept for their author alone.

Each method is one transaction with its entry in the audit trail, which never says what was written. The model is asked
between two of them, so what was read is compared again before an attempt is kept.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlmodel import Session, col, delete, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.sealed_columns import attempt_words_binding
from plugin.database.tables import StoredAttempt, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.claims import lock_session
from plugin.queue.opening import open_session
from plugin.queue.practice_views import Attempt, Rated, Rewriting, Unrated
from plugin.queue.scope import visible_to
from plugin.queue.views import DecisionOutcome, SessionView
from stream.contracts.feedback import Abstention, Assessment

MAX_REPLY: Final = 1500
"""Characters of a rewritten reply: longer than nearly every reply in a chat, and read by a model in one go."""


class _Words(BaseModel):
    """What the encrypted column of an attempt holds."""

    text: str
    assessment: Assessment | None = None
    abstention: Abstention | None = None
    unrated: Unrated | None = None


class Practice:
    """The practice of the therapists of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def find(
        self, viewer: Viewer, session_id: UUID, exchange_id: UUID, text: str, *, request_id: str = ""
    ) -> Rewriting | DecisionOutcome:
        """Return what a model is asked about a rewritten reply, or why it cannot be asked."""
        found: Rewriting | None = None

        def act(session: Session) -> DecisionOutcome:
            nonlocal found
            view = open_session(session, self._kek, viewer, session_id, self._now())
            if view is None:
                return DecisionOutcome.NOT_FOUND
            found = _rewriting(view, exchange_id, text, viewer)
            return DecisionOutcome.CHANGED if found is None else DecisionOutcome.DONE

        outcome = self._act(viewer, session_id, act, "practise", request_id)
        return found or outcome

    def keep(self, viewer: Viewer, rewriting: Rewriting, rated: Rated, *, request_id: str = "") -> DecisionOutcome:
        """Keep an attempt in the place of the moment's draft, if its words are still those that the model was asked."""

        def act(session: Session) -> DecisionOutcome:
            row = lock_session(session, viewer, rewriting.session_id, with_text=True)
            view = open_session(session, self._kek, viewer, rewriting.session_id, self._now())
            if row is None or view is None:
                return DecisionOutcome.NOT_FOUND
            cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
            if cipher is None or _rewriting(view, rewriting.exchange_id, rewriting.reply, viewer) != rewriting:
                return DecisionOutcome.CHANGED
            _replace_draft(session, cipher, viewer, rewriting, rated, self._now())
            return DecisionOutcome.DONE

        return self._act(viewer, rewriting.session_id, act, "keep attempt", request_id)

    def remove(self, viewer: Viewer, session_id: UUID, attempt_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """Remove one attempt of this therapist's own."""

        def act(session: Session) -> DecisionOutcome:
            if _own_session(session, viewer, session_id) is None:
                return DecisionOutcome.NOT_FOUND
            removed = session.exec(
                delete(StoredAttempt).where(
                    col(StoredAttempt.attempt_id) == attempt_id,
                    col(StoredAttempt.session_id) == session_id,
                    col(StoredAttempt.account_id) == viewer.user_id,
                )
            )
            return DecisionOutcome.DONE if removed.rowcount else DecisionOutcome.CHANGED

        return self._act(viewer, session_id, act, "remove attempt", request_id)

    def attempts(self, viewer: Viewer, session_id: UUID) -> tuple[Attempt, ...]:
        """Return what this therapist wrote in an own session, in order; empty for everybody else.

        It has no entry of its own in the trail: whoever reads it has opened the session.
        """
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with transaction(self._database, viewer.user_id) as session:
            return attempts_of(session, self._kek, viewer, session_id)

    def _act(
        self,
        viewer: Viewer,
        session_id: UUID,
        act: Callable[[Session], DecisionOutcome],
        purpose: str,
        request_id: str,
    ) -> DecisionOutcome:
        """Do one act and write its entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            outcome = act(session) if viewer.role is AccountRole.THERAPIST else DecisionOutcome.NOT_FOUND
            add_audit_entry(
                session,
                viewer,
                purpose=purpose,
                object_type="session",
                object_id=session_id,
                outcome=outcome.value,
                request_id=request_id,
            )
            return outcome


def attempts_of(session: Session, kek: KeyEncryptionKey, viewer: Viewer, session_id: UUID) -> tuple[Attempt, ...]:
    """Return what this therapist wrote in an own released session, in order."""
    row = _own_session(session, viewer, session_id)
    cipher = None if row is None else find_cipher(session, kek, row.tenant, row.conversation_id)
    if row is None or cipher is None:
        return ()
    found = session.exec(
        select(StoredAttempt)
        .where(col(StoredAttempt.session_id) == session_id, col(StoredAttempt.account_id) == viewer.user_id)
        .order_by(col(StoredAttempt.written_at), col(StoredAttempt.attempt_id))
    )
    return tuple(_attempt(cipher, row.tenant, stored) for stored in found)


def _own_session(session: Session, viewer: Viewer, session_id: UUID) -> StoredSession | None:
    found = select(StoredSession).where(visible_to(viewer), col(StoredSession.session_id) == session_id)
    return session.exec(found).first()


def _rewriting(view: SessionView, exchange_id: UUID, text: str, viewer: Viewer) -> Rewriting | None:
    """Return what a model is asked about one of the moments; None if it is not there, or its words are not kept."""
    moment = next((each for each in view.moments if each.exchange_id == exchange_id), None)
    messages = {message.message_id: message for message in view.messages}
    if moment is None or not all(message in messages for message in (*moment.client_turn, *moment.reply)):
        return None
    return Rewriting(
        tenant=view.row.tenant,
        session_id=view.row.session_id,
        exchange_id=exchange_id,
        revision=view.row.revision,
        context=tuple(messages[message] for message in moment.context),
        client_turn=tuple(messages[message] for message in moment.client_turn),
        reply=text,
        therapist=viewer.display_name,
    )


def _replace_draft(
    session: Session, cipher: TextCipher, viewer: Viewer, rewriting: Rewriting, rated: Rated, now: datetime
) -> None:
    """Add an attempt. The caller holds the conversation's lock, so that its key is not deleted meanwhile."""
    session.exec(
        delete(StoredAttempt).where(
            col(StoredAttempt.exchange_id) == rewriting.exchange_id,
            col(StoredAttempt.account_id) == viewer.user_id,
            col(StoredAttempt.is_draft),
        )
    )
    attempt_id, answer = uuid4(), rated.answer
    words = _Words(
        text=rewriting.reply,
        assessment=_without_advice(answer) if isinstance(answer, Assessment) else None,
        abstention=answer if isinstance(answer, Abstention) else None,
        unrated=rated.unrated,
    )
    session.add(
        StoredAttempt(
            attempt_id=attempt_id,
            session_id=rewriting.session_id,
            exchange_id=rewriting.exchange_id,
            account_id=viewer.user_id,
            is_draft=answer is None,
            words=cipher.encrypt(words.model_dump_json(), attempt_words_binding(rewriting.tenant, attempt_id)),
            written_at=now,
        )
    )
    session.flush()


def _without_advice(answer: Assessment) -> Assessment:
    """Return the ratings alone: beside an attempt nobody reads what it does well, nor a third reply."""
    return answer.model_copy(update={"strengths": (), "alternatives": ()})


def _attempt(cipher: TextCipher, tenant: str, stored: StoredAttempt) -> Attempt:
    words = _Words.model_validate_json(cipher.decrypt(stored.words, attempt_words_binding(tenant, stored.attempt_id)))
    return Attempt(
        attempt_id=stored.attempt_id,
        exchange_id=stored.exchange_id,
        at=stored.written_at,
        rated=Rated(words.assessment or words.abstention, words.unrated),
        text=words.text,
    )
