"""Coaching notes: what a supervisor writes about a session or a moment, for herself or for the therapist too."""

from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session, col, delete, or_, select

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import note_words_binding
from plugin.database.tables import Account, StoredExchange, StoredNote, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.note_comments import comments_of
from plugin.queue.review_views import Note

MAX_NOTE: Final = 3500
"""Characters of one note, two pages of a book; a form of that length in any script stays below the limit of a body."""


def notes_of(session: Session, cipher: TextCipher, viewer: Viewer, row: StoredSession) -> tuple[Note, ...]:
    """Return the session's notes that this person may read: those that are shared, and their own; in order."""
    found = session.exec(
        select(StoredNote, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredNote.account_id))
        .where(
            col(StoredNote.session_id) == row.session_id,
            or_(col(StoredNote.shared), col(StoredNote.account_id) == viewer.user_id),
        )
        .order_by(col(StoredNote.written_at), col(StoredNote.note_id))
    ).all()
    comments = comments_of(session, cipher, viewer, row, [note.note_id for note, _ in found])
    return tuple(
        Note(
            note_id=note.note_id,
            exchange_id=note.exchange_id,
            by=by,
            is_own=note.account_id == viewer.user_id,
            shared=note.shared,
            at=note.written_at,
            text=cipher.decrypt(note.words, note_words_binding(row.tenant, note.note_id)),
            comments=tuple(comments[note.note_id]),
            follow_up_on=note.follow_up_on if note.account_id == viewer.user_id else None,
            followed_up_at=note.followed_up_at if note.account_id == viewer.user_id else None,
        )
        for note, by in found
    )


def has_moment(session: Session, session_id: UUID, exchange_id: UUID) -> bool:
    """Return whether a moment belongs to a session."""
    exchange = session.get(StoredExchange, exchange_id)
    return exchange is not None and exchange.session_id == session_id


def store_note(
    session: Session,
    cipher: TextCipher,
    viewer: Viewer,
    row: StoredSession,
    exchange_id: UUID | None,
    text: str,
    now: datetime,
    *,
    shared: bool,
    follow_up_on: date | None,
) -> None:
    """Store a note. The caller holds the conversation's lock, so that its key is not deleted meanwhile."""
    note_id = uuid4()
    session.add(
        StoredNote(
            note_id=note_id,
            session_id=row.session_id,
            exchange_id=exchange_id,
            account_id=viewer.user_id,
            shared=shared,
            words=cipher.encrypt(text, note_words_binding(row.tenant, note_id)),
            written_at=now,
            follow_up_on=follow_up_on,
        )
    )
    session.flush()


def find_own_note(session: Session, viewer: Viewer, session_id: UUID, note_id: UUID) -> StoredNote | None:
    """Return a note that this supervisor has written about a session."""
    note = session.get(StoredNote, note_id)
    return note if note is not None and (note.session_id, note.account_id) == (session_id, viewer.user_id) else None


def set_follow_up(session: Session, note: StoredNote, day: date) -> None:
    """Let a note be followed up on a day, whether or not it was before."""
    note.follow_up_on, note.followed_up_at = day, None
    session.flush()


def finish_follow_up(session: Session, note: StoredNote, now: datetime) -> bool:
    """Store that a note was followed up, and return whether it was to be; the first time counts."""
    if note.follow_up_on is None:
        return False
    if note.followed_up_at is None:
        note.followed_up_at = now
        session.flush()
    return True


def delete_note(session: Session, note_id: UUID) -> None:
    """Remove a note; the database removes its comments."""
    session.exec(delete(StoredNote).where(col(StoredNote.note_id) == note_id))
