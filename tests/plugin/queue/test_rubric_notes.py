"""Tests of rubric notes on a real database: who writes and reads them, their versions, and what is left of one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.database.tables import AuditEntry, StoredRubricNote, StoredRubricNoteVersion
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.rotation import rotate_keys
from plugin.queue.rubric_notes import RubricNote, RubricNotes, latest_number
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from stream.contracts.errors import Misconfigured
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Mechanism
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import KEK, NOW, add_person

AUTONOMY, ALIGNMENT, RESONANCE, ORIENTATION = Mechanism
DONE, NOT_FOUND = DecisionOutcome.DONE, DecisionOutcome.NOT_FOUND
MENU = (
    "A menu of one's own plans is weak: the client chooses, but among what the counsellor has thought of.\n\U0001f331"
)
BETTER = "A menu of one's own plans is weak; one that the client has begun is strong."
TABLES = ("rubric_notes", "rubric_note_versions")


@pytest.fixture
def lead(engine: Engine, people: People) -> Viewer:  # noqa: ARG001 - the people come first, into an emptied database
    """Return the lead."""
    return add_person(engine, "lena", AccountRole.LEAD)


@pytest.fixture
def notes(store: Store) -> RubricNotes:
    """Return the notes of the store, at a fixed time."""
    return store.rubric_notes


@pytest.fixture
def note(notes: RubricNotes, lead: Viewer) -> RubricNote:
    """Return a note with one version."""
    assert notes.write(lead, AUTONOMY, MENU) is DONE
    (written,) = notes.all(lead)
    return written


def entries(engine: Engine) -> list[tuple[str, str | None, str, str]]:
    """Return the entries of the trail about notes: purpose, role, object and outcome."""
    with Session(engine) as session:
        found = session.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()  # type: ignore[arg-type]
        about = [entry for entry in found if entry.object_type == "rubric_note"]
        return [(entry.purpose, entry.role, entry.object_id, entry.outcome) for entry in about]


# --- writing and reading ---


def test_a_note_is_read_by_everybody_but_an_auditor(
    engine: Engine, notes: RubricNotes, people: People, lead: Viewer, note: RubricNote
) -> None:
    """Supervisors, therapists, operators and the lead read a note with its author, time and rubric; an auditor none."""
    version = note.latest
    assert (note.mechanism, version.number, version.text) == (AUTONOMY, 1, MENU)
    assert (version.by, version.at, version.rubric) == ("Lena", NOW, RUBRIC_VERSION)
    for viewer in (people.supervisor, people.other_supervisor, people.ana, people.operator, lead):
        assert notes.all(viewer) == (note,)
        assert notes.one(viewer, note.note_id) == note
    auditor = add_person(engine, "aldo", AccountRole.AUDITOR)
    assert notes.all(auditor) == ()
    assert notes.one(auditor, note.note_id) is None


def test_notes_are_in_the_order_of_the_mechanisms(engine: Engine, lead: Viewer) -> None:
    """Notes come by mechanism, as the rubric has them, and the oldest of each first."""
    for minute, mechanism in enumerate((ORIENTATION, AUTONOMY, RESONANCE, AUTONOMY)):
        now = NOW + timedelta(minutes=minute)
        assert RubricNotes(engine, KEK, now=lambda at=now: at).write(lead, mechanism, f"Note {minute}.") is DONE  # type: ignore[misc]
    found = RubricNotes(engine, KEK, now=lambda: NOW).all(lead)
    assert [(each.mechanism, each.latest.text) for each in found] == [
        (AUTONOMY, "Note 1."),
        (AUTONOMY, "Note 3."),
        (RESONANCE, "Note 2."),
        (ORIENTATION, "Note 0."),
    ]


@pytest.mark.parametrize("who", ["supervisor", "other_supervisor", "ana", "ben", "operator"])
def test_nobody_but_a_lead_writes(
    engine: Engine, notes: RubricNotes, people: People, note: RubricNote, who: str
) -> None:
    """For every other role there is nothing to write, edit or remove; each try is on the trail."""
    viewer = getattr(people, who)
    assert notes.write(viewer, ALIGNMENT, MENU) is NOT_FOUND
    assert notes.edit(viewer, note.note_id, 1, BETTER) is NOT_FOUND
    assert notes.remove(viewer, note.note_id, 1) is NOT_FOUND
    assert notes.all(people.supervisor) == (note,)
    assert [outcome for *_, outcome in entries(engine)] == ["done", *["not_found"] * 3]


# --- versions ---


def test_an_edit_adds_a_version_and_keeps_the_others(
    engine: Engine, notes: RubricNotes, lead: Viewer, note: RubricNote
) -> None:
    """Each edit is a version of its own, with who wrote it and when; those before it stay as they were."""
    second = add_person(engine, "liv", AccountRole.LEAD)
    later = RubricNotes(engine, KEK, now=lambda: NOW + timedelta(days=1))
    assert later.edit(second, note.note_id, 1, BETTER) is DONE
    (edited,) = notes.all(lead)
    first, last = edited.versions
    assert first == note.latest
    assert (last.number, last.by, last.at, last.text) == (2, "Liv", NOW + timedelta(days=1), BETTER)
    assert edited.latest == last


@pytest.mark.parametrize("seen", [2, 7])
def test_a_form_about_another_version_is_refused(notes: RubricNotes, lead: Viewer, note: RubricNote, seen: int) -> None:
    """Who has read another version than the latest changes and removes nothing."""
    assert notes.edit(lead, note.note_id, seen, BETTER) is DecisionOutcome.OTHER_VERSION
    assert notes.remove(lead, note.note_id, seen) is DecisionOutcome.OTHER_VERSION
    assert notes.all(lead) == (note,)


def test_of_two_edits_at_once_one_is_stored(
    notes: RubricNotes, lead: Viewer, note: RubricNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two edits that have both read the same version one is refused, and no version is lost or stored twice."""
    both_have_read = Barrier(2, timeout=60)

    def read(session: Session, note_id: UUID) -> int | None:
        number = latest_number(session, note_id)
        both_have_read.wait()
        return number

    monkeypatch.setattr("plugin.queue.rubric_notes.latest_number", read)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda words: notes.edit(lead, note.note_id, 1, words), (BETTER, MENU)))
    assert sorted(outcomes) == sorted([DONE, DecisionOutcome.OTHER_VERSION])
    (edited,) = notes.all(lead)
    assert [version.number for version in edited.versions] == [1, 2]


def test_a_version_names_the_rubric_that_it_is_about(
    notes: RubricNotes, lead: Viewer, note: RubricNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is written after the rubric has changed names the new rubric, and an earlier one the old."""
    monkeypatch.setattr("plugin.queue.rubric_notes.RUBRIC_VERSION", "99")
    notes.edit(lead, note.note_id, 1, BETTER)
    (edited,) = notes.all(lead)
    assert [version.rubric for version in edited.versions] == [RUBRIC_VERSION, "99"]


# --- removal ---


def test_a_removed_note_is_gone_with_all_its_versions(
    engine: Engine, notes: RubricNotes, lead: Viewer, note: RubricNote
) -> None:
    """A removal leaves no row, and so no key with which a copy of the words could be read; the trail keeps who did."""
    notes.edit(lead, note.note_id, 1, BETTER)
    assert notes.remove(lead, note.note_id, 2) is DONE
    assert count_rows(engine, *TABLES) == dict.fromkeys(TABLES, 0)
    assert notes.one(lead, note.note_id) is None
    assert entries(engine)[-1] == ("rubric note removed", "lead", str(note.note_id), "done")


def test_what_is_not_there_cannot_be_changed(notes: RubricNotes, lead: Viewer) -> None:
    """An unknown note is neither edited nor removed."""
    unknown = uuid4()
    assert notes.edit(lead, unknown, 1, BETTER) is NOT_FOUND
    assert notes.remove(lead, unknown, 1) is NOT_FOUND


def test_a_note_outlives_the_account_of_its_author(notes: RubricNotes, store: Store, lead: Viewer) -> None:
    """What a removed lead has written stays, as that of a removed account."""
    notes.write(lead, ALIGNMENT, MENU)
    reader = add_person(store.engine, "sam", AccountRole.SUPERVISOR, teams=("north",))
    store.accounts.remove(lead.user_id)
    (note,) = notes.all(reader)
    assert (note.latest.by, note.latest.text) == ("Removed account", MENU)


# --- at rest ---


def test_the_words_are_encrypted_with_a_key_of_the_notes_own(engine: Engine, note: RubricNote) -> None:
    """Neither table holds the words, and each note has another key, which no other note's row opens."""
    with engine.connect() as connection:
        for table in TABLES:
            rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()
            assert not any("menu" in row or "6d656e75" in row for row in rows)
    with Session(engine) as session:
        row = session.get_one(StoredRubricNote, note.note_id)
        KEK.unwrap(row.wrapped, f"rubric note\x1f\x1f{note.note_id}")
        with pytest.raises(WrongKey):
            KEK.unwrap(row.wrapped, f"rubric note\x1f\x1f{UUID(int=1)}")


def test_a_version_does_not_decrypt_in_the_place_of_another(
    engine: Engine, notes: RubricNotes, lead: Viewer, note: RubricNote
) -> None:
    """Words that somebody moves to another version of the note do not decrypt there."""
    notes.edit(lead, note.note_id, 1, BETTER)
    with engine.begin() as connection:
        moved = "(SELECT words FROM rubric_note_versions WHERE number = 1)"
        connection.execute(text(f"UPDATE rubric_note_versions SET words = {moved} WHERE number = 2"))
    with pytest.raises(WrongKey):
        notes.all(lead)


def test_notes_are_read_after_a_rotation(engine: Engine, lead: Viewer, note: RubricNote) -> None:
    """After a rotation the new key alone reads the notes, and another key is named as the wrong one."""
    other = KeyEncryptionKey(bytes(range(32, 64)))
    assert rotate_keys(engine, KeyEncryptionKey(other.secret, (KEK,))) == 1
    assert RubricNotes(engine, other, now=lambda: NOW).all(lead) == (note,)
    with pytest.raises(Misconfigured, match="key_encryption_key"):
        RubricNotes(engine, KEK, now=lambda: NOW).all(lead)


def test_the_trail_says_who_wrote_what_and_holds_no_word(
    engine: Engine, notes: RubricNotes, lead: Viewer, note: RubricNote
) -> None:
    """Each step is an entry with the note's id and its outcome, in the lead's name and role."""
    notes.edit(lead, note.note_id, 1, BETTER)
    notes.edit(lead, note.note_id, 1, BETTER)
    about = str(note.note_id)
    assert entries(engine) == [
        ("rubric note written", "lead", about, "done"),
        ("rubric note edited", "lead", about, "done"),
        ("rubric note edited", "lead", about, "other_version"),
    ]


@pytest.mark.parametrize("show", [repr, str])
def test_no_word_is_in_a_repr(engine: Engine, note: RubricNote, show: Callable[[object], str]) -> None:
    """Neither a note nor its rows show their words or keys, such as in the log of an exception."""
    with Session(engine) as session:
        rows = [session.exec(select(StoredRubricNote)).one(), session.exec(select(StoredRubricNoteVersion)).one()]
        shown = [show(row) for row in rows]
    assert not any("menu" in each or "wrapped=" in each or "words=" in each for each in (show(note), *shown))
