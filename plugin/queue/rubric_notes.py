"""Rubric notes: what disputes and reviews taught about a mechanism of the rubric, written by a lead for everybody.

A note is never changed in place: an edit adds a version, with who and when. Each method is one transaction; every
change has its entry in the audit trail. Reading has none, since a note never holds words of a conversation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, func, select

from plugin.crypto.keys import KeyEncryptionKey, new_data_key
from plugin.crypto.text import TextCipher
from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.rubric_note_keys import rubric_note_cipher, rubric_note_key_owner
from plugin.database.sealed_columns import rubric_note_words_binding
from plugin.database.tables import Account, StoredRubricNote, StoredRubricNoteVersion
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.views import DecisionOutcome
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Mechanism

MAX_RUBRIC_NOTE: Final = 1000
"""Characters of a note: a paragraph or two, which are read beside a definition that is no longer."""
_PURPOSE: Final = "rubric note"


@dataclass(frozen=True)
class RubricNoteVersion:
    """One version of a note, with its author and time."""

    number: int
    by: str
    """The display name of the lead."""
    at: datetime
    rubric: str
    """The version of the rubric that the note is about."""
    text: str = field(repr=False)


@dataclass(frozen=True)
class RubricNote:
    """A note on one mechanism, with all its versions in order; there is at least one."""

    note_id: UUID
    mechanism: Mechanism
    versions: tuple[RubricNoteVersion, ...]

    @property
    def latest(self) -> RubricNoteVersion:
        """The note as it is."""
        return self.versions[-1]


class RubricNotes:
    """The rubric notes of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def all(self, viewer: Viewer) -> tuple[RubricNote, ...]:
        """Return every note, by mechanism and the oldest first; none to an auditor."""
        if viewer.role is AccountRole.AUDITOR:
            return ()
        with transaction(self._database, viewer.user_id) as session:
            rows = session.exec(
                select(StoredRubricNote).order_by(col(StoredRubricNote.begun_at), col(StoredRubricNote.note_id))
            ).all()
            notes = [self._note(session, row) for row in rows]
        order = list(Mechanism)
        return tuple(sorted(notes, key=lambda note: order.index(note.mechanism)))

    def one(self, viewer: Viewer, note_id: UUID) -> RubricNote | None:
        """Return one note, or None if there is none; none to an auditor."""
        return next((note for note in self.all(viewer) if note.note_id == note_id), None)

    def write(self, viewer: Viewer, mechanism: Mechanism, text: str, *, request_id: str = "") -> DecisionOutcome:
        """Store the first version of a note on a mechanism; a lead alone may."""

        def act(session: Session, note_id: UUID) -> DecisionOutcome:
            data_key = new_data_key()
            session.add(
                StoredRubricNote(
                    note_id=note_id,
                    mechanism=mechanism.value,
                    kek_id=self._kek.id,
                    wrapped=self._kek.wrap(data_key, rubric_note_key_owner(note_id)),
                    begun_at=self._now(),
                )
            )
            session.flush()
            return self._add_version(session, viewer, TextCipher(data_key), note_id, 1, text)

        return self._act(viewer, uuid4(), act, "written", request_id)

    def edit(self, viewer: Viewer, note_id: UUID, seen: int, text: str, *, request_id: str = "") -> DecisionOutcome:
        """Store the next version of a note; `seen` is the number of the version that the lead has read."""

        def act(session: Session, note_id: UUID) -> DecisionOutcome:
            row = session.get(StoredRubricNote, note_id)
            if row is None:
                return DecisionOutcome.NOT_FOUND
            if latest_number(session, note_id) != seen:
                return DecisionOutcome.OTHER_VERSION
            cipher = rubric_note_cipher(self._kek, row)
            return self._add_version(session, viewer, cipher, note_id, seen + 1, text)

        return self._act(viewer, note_id, act, "edited", request_id)

    def remove(self, viewer: Viewer, note_id: UUID, seen: int, *, request_id: str = "") -> DecisionOutcome:
        """Remove a note with all its versions for good; `seen` is as in `edit`."""

        def act(session: Session, note_id: UUID) -> DecisionOutcome:
            latest = latest_number(session, note_id)
            if latest is None:
                return DecisionOutcome.NOT_FOUND
            if latest != seen:
                return DecisionOutcome.OTHER_VERSION
            session.exec(delete(StoredRubricNote).where(col(StoredRubricNote.note_id) == note_id))
            return DecisionOutcome.DONE

        return self._act(viewer, note_id, act, "removed", request_id)

    def _note(self, session: Session, row: StoredRubricNote) -> RubricNote:
        cipher = rubric_note_cipher(self._kek, row)
        found = session.exec(
            select(StoredRubricNoteVersion, Account.display_name)
            .join(Account, col(Account.account_id) == col(StoredRubricNoteVersion.account_id))
            .where(col(StoredRubricNoteVersion.note_id) == row.note_id)
            .order_by(col(StoredRubricNoteVersion.number))
        )
        versions = tuple(
            RubricNoteVersion(
                number=version.number,
                by=by,
                at=version.written_at,
                rubric=version.rubric,
                text=cipher.decrypt(version.words, rubric_note_words_binding(row.note_id, version.number)),
            )
            for version, by in found
        )
        return RubricNote(row.note_id, Mechanism(row.mechanism), versions)

    def _add_version(
        self, session: Session, viewer: Viewer, cipher: TextCipher, note_id: UUID, number: int, text: str
    ) -> DecisionOutcome:
        """Store a version, unless somebody else has stored one with its number meanwhile."""
        added = session.exec(
            insert(StoredRubricNoteVersion)
            .values(
                note_id=note_id,
                number=number,
                words=cipher.encrypt(text, rubric_note_words_binding(note_id, number)),
                rubric=RUBRIC_VERSION,
                account_id=viewer.user_id,
                written_at=self._now(),
            )
            .on_conflict_do_nothing()
            .returning(col(StoredRubricNoteVersion.number))
        )
        return DecisionOutcome.OTHER_VERSION if added.first() is None else DecisionOutcome.DONE

    def _act(
        self,
        viewer: Viewer,
        note_id: UUID,
        act: Callable[[Session, UUID], DecisionOutcome],
        what: str,
        request_id: str,
    ) -> DecisionOutcome:
        """Do one act of a lead about a note, and write its entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            is_lead = viewer.role is AccountRole.LEAD
            outcome = act(session, note_id) if is_lead else DecisionOutcome.NOT_FOUND
            add_audit_entry(
                session,
                viewer,
                purpose=f"{_PURPOSE} {what}",
                object_type="rubric_note",
                object_id=note_id,
                outcome=outcome.value,
                request_id=request_id,
            )
        return outcome


def latest_number(session: Session, note_id: UUID) -> int | None:
    """Return the number of a note's latest version; None if there is no such note."""
    versions = select(func.max(StoredRubricNoteVersion.number)).where(col(StoredRubricNoteVersion.note_id) == note_id)
    return session.exec(versions).one()
