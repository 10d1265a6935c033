"""What is stored about somebody who is no therapist, beside single sessions, for an export of their own data."""

from uuid import UUID

from sqlalchemy import any_, literal, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.rubric_note_keys import rubric_note_cipher
from plugin.database.sealed_columns import rubric_note_words_binding
from plugin.database.tables import (
    StoredCalibration,
    StoredCalibrationDone,
    StoredCriterion,
    StoredCriterionVersion,
    StoredRubricNote,
    StoredRubricNoteVersion,
    StoredView,
)
from plugin.database.viewer import Viewer
from plugin.exports.person_rows import Json, time_of


def calibrations_of(session: Session, person: Viewer) -> list[Json]:
    """Return the calibrations in which this person is a rater, in order, and nothing of the other raters."""
    done = select(StoredCalibrationDone.calibration_id, StoredCalibrationDone.done_at).where(
        col(StoredCalibrationDone.account_id) == person.user_id
    )
    done_at = dict(session.exec(done).all())
    found = session.exec(
        select(StoredCalibration)
        .where(literal(person.user_id) == any_(col(StoredCalibration.raters)))
        .order_by(col(StoredCalibration.opened_at), col(StoredCalibration.calibration_id))
    )
    return [
        {
            "calibration": str(row.calibration_id),
            "opened_by_them": row.account_id == person.user_id,
            "opened_at": time_of(row.opened_at),
            "until": time_of(row.deadline_at),
            "cancelled_at": None if row.cancelled_at is None else time_of(row.cancelled_at),
            "done_at": None if (at := done_at.get(row.calibration_id)) is None else time_of(at),
            "rubric": row.rubric,
        }
        for row in found
    ]


def rubric_notes_of(session: Session, person: Viewer, kek: KeyEncryptionKey | None) -> list[Json]:
    """Return the versions of rubric notes that this person wrote, in order; their words where there is a key."""
    found = session.exec(
        select(StoredRubricNote, StoredRubricNoteVersion)
        .join(StoredRubricNoteVersion, col(StoredRubricNoteVersion.note_id) == col(StoredRubricNote.note_id))
        .where(col(StoredRubricNoteVersion.account_id) == person.user_id)
        .order_by(col(StoredRubricNoteVersion.written_at), col(StoredRubricNoteVersion.note_id))
    )
    return [
        {
            "note": str(note.note_id),
            "mechanism": note.mechanism,
            "version": version.number,
            "rubric": version.rubric,
            "at": time_of(version.written_at),
            **({} if kek is None else {"text": _text(kek, note, version)}),
        }
        for note, version in found
    ]


def criteria_of(session: Session, person: Viewer) -> list[Json]:
    """Return the versions of the service's own criteria that this person wrote on the page, in order."""
    found = session.exec(
        select(StoredCriterion.name, StoredCriterionVersion)
        .join(StoredCriterionVersion, col(StoredCriterionVersion.criterion_id) == col(StoredCriterion.criterion_id))
        .where(col(StoredCriterionVersion.account_id) == person.user_id)
        .order_by(col(StoredCriterionVersion.written_at), col(StoredCriterion.name))
    )
    return [
        {"criterion": name, "version": row.version, "question": row.question, "at": time_of(row.written_at)}
        for name, row in found
    ]


def saved_views_of(session: Session, person: Viewer) -> list[Json]:
    """Return the views of the waiting list that this person saved, in order."""
    found = session.exec(
        select(StoredView)
        .where(col(StoredView.account_id) == person.user_id)
        .order_by(col(StoredView.saved_at), col(StoredView.view_id))
    )
    return [{"name": row.name, "filter": row.chosen, "at": time_of(row.saved_at)} for row in found]


def trail_of(session: Session) -> list[Json]:
    """Return the entries of the audit trail of what the person for whom the transaction runs did, and about them."""
    found = session.execute(
        text(
            "SELECT at, person, role, purpose, object_type, object_id, outcome"
            " FROM public.counterpoint_trail_of_account()"
        )
    )
    return [{**row._mapping, "at": time_of(row.at)} for row in found]  # noqa: SLF001 - SQLAlchemy's name for a row's dict


def notes_with_words(notes: list[Json]) -> list[UUID]:
    """Return the rubric notes of which words are among these."""
    return sorted({UUID(each["note"]) for each in notes if "text" in each})


def _text(kek: KeyEncryptionKey, note: StoredRubricNote, version: StoredRubricNoteVersion) -> str:
    return rubric_note_cipher(kek, note).decrypt(version.words, rubric_note_words_binding(note.note_id, version.number))
