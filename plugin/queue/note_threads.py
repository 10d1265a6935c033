"""The threads under coaching notes: those who read a note comment on it, and remove comments of their own.

Each method is one transaction with its entry in the audit trail, which never says what was written.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.claims import lock_session
from plugin.queue.note_comments import remove_own_comment, store_comment
from plugin.queue.opening import open_session
from plugin.queue.views import DecisionOutcome

MAX_NOTE_COMMENT: Final = 2000
"""Characters of a comment under a note: one page of a book, as for a comment in a dispute."""


class NoteThreads:
    """The comments under the notes of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def comment(
        self, viewer: Viewer, session_id: UUID, note_id: UUID, text: str, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Store a comment under a note that this person may read: a supervisor, or a therapist after the release."""

        def act(session: Session, row: StoredSession) -> DecisionOutcome:
            view = open_session(session, self._kek, viewer, session_id, self._now())
            cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
            if cipher is None or view is None or note_id not in {note.note_id for note in view.notes}:
                return DecisionOutcome.CHANGED
            store_comment(session, cipher, viewer, row, note_id, text, self._now())
            return DecisionOutcome.DONE

        return self._act(viewer, session_id, act, "note comment", request_id, with_text=True)

    def remove(self, viewer: Viewer, session_id: UUID, comment_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """Remove a comment of this person's own."""

        def act(session: Session, _row: StoredSession) -> DecisionOutcome:
            is_gone = remove_own_comment(session, viewer, session_id, comment_id)
            return DecisionOutcome.DONE if is_gone else DecisionOutcome.CHANGED

        return self._act(viewer, session_id, act, "remove comment", request_id, with_text=False)

    def _act(
        self,
        viewer: Viewer,
        session_id: UUID,
        act: Callable[[Session, StoredSession], DecisionOutcome],
        purpose: str,
        request_id: str,
        *,
        with_text: bool,
    ) -> DecisionOutcome:
        """Lock the session if the person may see it, let them act, and write the entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            row = lock_session(session, viewer, session_id, with_text=with_text)
            outcome = DecisionOutcome.NOT_FOUND if row is None else act(session, row)
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
