"""Comments under coaching notes: what those who read a note say about it. A comment is never changed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, col, delete, select

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import note_comment_words_binding
from plugin.database.tables import Account, StoredNoteComment, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.review_views import NoteComment


def comments_of(
    session: Session, cipher: TextCipher, viewer: Viewer, row: StoredSession, notes: Collection[UUID]
) -> Mapping[UUID, list[NoteComment]]:
    """Return the comments under some notes of a session, in order, by note; empty for one without any.

    The caller is sure that the person may read these notes.
    """
    found = session.exec(
        select(StoredNoteComment, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredNoteComment.account_id))
        .where(col(StoredNoteComment.session_id) == row.session_id, col(StoredNoteComment.note_id).in_(notes))
        .order_by(col(StoredNoteComment.written_at), col(StoredNoteComment.comment_id))
    )
    comments: dict[UUID, list[NoteComment]] = defaultdict(list)
    for comment, by in found:
        binding = note_comment_words_binding(row.tenant, comment.comment_id)
        comments[comment.note_id].append(
            NoteComment(
                comment_id=comment.comment_id,
                by=by,
                is_own=comment.account_id == viewer.user_id,
                at=comment.written_at,
                text=cipher.decrypt(comment.words, binding),
            )
        )
    return comments


def store_comment(
    session: Session, cipher: TextCipher, viewer: Viewer, row: StoredSession, note_id: UUID, text: str, now: datetime
) -> None:
    """Store a comment. The caller holds the conversation's lock, so that its key is not deleted meanwhile."""
    comment_id = uuid4()
    session.add(
        StoredNoteComment(
            comment_id=comment_id,
            note_id=note_id,
            session_id=row.session_id,
            account_id=viewer.user_id,
            words=cipher.encrypt(text, note_comment_words_binding(row.tenant, comment_id)),
            written_at=now,
        )
    )
    session.flush()


def remove_own_comment(session: Session, viewer: Viewer, session_id: UUID, comment_id: UUID) -> bool:
    """Remove a comment that this person has written in a session, and return whether there was one."""
    removed = session.exec(
        delete(StoredNoteComment).where(
            col(StoredNoteComment.comment_id) == comment_id,
            col(StoredNoteComment.session_id) == session_id,
            col(StoredNoteComment.account_id) == viewer.user_id,
        )
    )
    return removed.rowcount == 1
