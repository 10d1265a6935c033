"""Tests of what the database shows the page on behalf of a lead and of an auditor, even if a query forgets to ask."""

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.row_policies import SCOPED_TABLES
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.rotation import rotate_keys
from plugin.privacy.trail import Trail, TrailPurpose
from plugin.queue.rubric_notes import RubricNotes
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Mechanism
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import OF_A_THERAPIST_ALONE, Roles, roles
from tests.plugin.samples import KEK, NOW, add_person, apply_records, record

__all__ = ["roles"]

ALIGNMENT = Mechanism.STANCE_ALIGNMENT
NEW = KeyEncryptionKey(bytes(range(32, 64)), (KEK,))


@pytest.fixture
def lead(roles: Roles, people: People) -> Viewer:  # noqa: ARG001 - the people come first, into an emptied database
    """Return the lead."""
    return add_person(roles.owner, "lena", AccountRole.LEAD)


@pytest.fixture
def auditor(roles: Roles, people: People) -> Viewer:  # noqa: ARG001 - likewise
    """Return the auditor."""
    return add_person(roles.owner, "aldo", AccountRole.AUDITOR)


def written(engine: Engine, viewer: Viewer, mechanism: Mechanism = ALIGNMENT, text: str = "Not so.") -> DecisionOutcome:
    """Write a rubric note by a role of the database."""
    return RubricNotes(engine, KEK, now=lambda: NOW).write(viewer, mechanism, text)


def refused(engine: Engine, viewer: Viewer, statement: str) -> bool:
    """Return whether the database refuses what the page does on somebody's behalf."""
    try:
        with engine.begin() as connection:
            named = {"id": str(viewer.user_id)}
            connection.execute(text("SELECT set_config('counterpoint.account', :id, true)"), named)
            connection.execute(text(statement), {"a": viewer.user_id})
    except ProgrammingError as error:
        assert isinstance(error.orig, InsufficientPrivilege), error  # noqa: PT017 - the result says if not raised
        return True
    return False


# --- sessions ---


@pytest.fixture
def sessions(roles: Roles, people: People) -> set[str]:
    """Return the sessions of two teams and of none, each with a row in every table."""
    sent = (
        record(),
        record(conversation="c_south", counsellor="p_ben"),
        record(conversation="c_nobody", counsellor="p_new"),
    )
    apply_records(roles.owner, *sent)
    roles.fill_every_table(people.supervisor)
    return {str(each.session_id) for each in sent}


def test_the_database_shows_the_lead_every_session(roles: Roles, sessions: set[str], lead: Viewer) -> None:
    """The lead sees the rows of every team in every table of sessions, but for what a therapist writes for himself."""
    for table in SCOPED_TABLES:
        expected = set() if table in OF_A_THERAPIST_ALONE else sessions
        assert roles.ids("web", lead.user_id, table) == expected, table


def test_the_database_shows_the_auditor_no_session(roles: Roles, sessions: set[str], auditor: Viewer) -> None:
    """The auditor sees no row of any table of sessions."""
    assert sessions
    for table in SCOPED_TABLES:
        assert roles.ids("web", auditor.user_id, table) == set(), table


def test_a_disabled_lead_sees_nothing(roles: Roles, sessions: set[str], lead: Viewer) -> None:
    """Once the account is disabled the database shows no session on its behalf."""
    assert sessions
    Store(roles.owner, KEK, now=lambda: NOW).accounts.disable(lead.user_id)
    assert roles.ids("web", lead.user_id) == set()


def test_the_web_role_does_the_leads_work(roles: Roles, people: People, lead: Viewer) -> None:
    """The web role reviews and releases on behalf of the lead, and the row says that the lead decided."""
    apply_records(roles.owner, sent := record())
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    assert [row.session_id for row in store.waiting(lead).rows] == [sent.session_id]
    assert [each.name for each in store.therapists(lead)] == ["Ana", "Ben"]
    assert store.reviews.claim(lead, sent.session_id) is DecisionOutcome.DONE
    assert store.open(lead, sent.session_id) is not None
    assert store.decide(lead, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert store.trends.of_therapist(lead, people.ana.user_id) is not None
    (row,) = store.decided(people.supervisor).rows
    assert row.decision is not None
    assert row.decision.as_lead


# --- the trail ---


def test_the_database_shows_the_trail_to_an_auditor_alone(
    roles: Roles, people: People, lead: Viewer, auditor: Viewer
) -> None:
    """On behalf of anybody but an enabled auditor, and of nobody, the trail is empty to the page."""
    web = roles.by_stage["web"]
    Store(web, KEK, now=lambda: NOW).open(people.supervisor, record().session_id)
    seen = {}
    for viewer in (None, people.supervisor, people.ana, people.operator, lead, auditor):
        with transaction(web, None if viewer is None else viewer.user_id) as session:
            seen[viewer] = session.scalar(text("SELECT count(*) FROM counterpoint_trail"))
    assert {viewer: count for viewer, count in seen.items() if count} == {auditor: 1}
    Store(roles.owner, KEK, now=lambda: NOW).accounts.disable(auditor.user_id)
    with transaction(web, auditor.user_id) as session:
        assert session.scalar(text("SELECT count(*) FROM counterpoint_trail")) == 0


def test_the_web_role_reads_verifies_and_downloads_the_trail(roles: Roles, auditor: Viewer) -> None:
    """The page's role pages through the trail, verifies it and makes a file, though it has no right on the table."""
    trail = Trail(roles.by_stage["web"])
    first = trail.page(auditor)
    assert first is not None
    assert first.entries == ()
    verified = trail.verify(auditor)
    assert verified is not None
    assert (verified.problem, verified.entries) == (None, 1)
    file = trail.file(auditor, TrailPurpose.INCIDENT)
    assert file is not None
    assert len("".join(file).splitlines()) == 1 + 2
    second = trail.page(auditor)
    assert second is not None
    assert [entry.purpose for entry in second.entries] == [
        *("download the trail: incident", "download the trail: incident"),
        *("verify the trail", "read the trail"),
    ]


@pytest.mark.parametrize("stage", ["sink", "digest", "privacy"])
def test_no_other_stage_reads_the_auditors_view(roles: Roles, stage: str) -> None:
    """The view is the page's alone; privacy, which runs retention, reads the table itself."""
    assert roles.refuses(stage, "SELECT * FROM counterpoint_trail")


# --- rubric notes ---


def test_a_lead_alone_writes_a_rubric_note(roles: Roles, people: People, lead: Viewer, auditor: Viewer) -> None:
    """The database refuses a note, and a version, of anybody but the lead in her own name."""
    web = roles.by_stage["web"]
    assert written(web, lead) is DecisionOutcome.DONE
    note = "INSERT INTO rubric_notes VALUES (gen_random_uuid(), 'stance_alignment', 'k', '', now())"
    version = "INSERT INTO rubric_note_versions SELECT note_id, 9, '', '1', :a, now() FROM rubric_notes"
    for viewer in (people.supervisor, people.ana, people.operator, auditor):
        assert refused(web, viewer, note), viewer.username
        assert refused(web, viewer, version), viewer.username
    assert refused(web, lead, version.replace(":a", f"'{people.supervisor.user_id}'"))
    assert not refused(web, lead, version)


def test_everybody_but_an_auditor_reads_rubric_notes(
    roles: Roles, people: People, lead: Viewer, auditor: Viewer
) -> None:
    """The words are shown on behalf of each enabled account but an auditor's, and on behalf of nobody to no one."""
    web = roles.by_stage["web"]
    written(web, lead)
    notes = RubricNotes(web, KEK, now=lambda: NOW)
    for viewer in (people.supervisor, people.ana, people.operator, lead):
        assert [note.latest.text for note in notes.all(viewer)] == ["Not so."]
    for account in (auditor.user_id, None):
        with transaction(web, account) as session:
            assert session.scalar(text("SELECT count(*) FROM rubric_note_versions")) == 0


def test_a_note_is_removed_by_a_lead_alone(roles: Roles, people: People, lead: Viewer) -> None:
    """A removal on behalf of a supervisor removes no row; the lead's removes the note with its versions."""
    web = roles.by_stage["web"]
    written(web, lead)
    (note,) = RubricNotes(web, KEK, now=lambda: NOW).all(lead)
    with transaction(web, people.supervisor.user_id) as session:
        session.execute(text("DELETE FROM rubric_notes"))
    assert RubricNotes(web, KEK, now=lambda: NOW).all(lead) == (note,)
    assert RubricNotes(web, KEK, now=lambda: NOW).remove(lead, note.note_id, 1) is DecisionOutcome.DONE
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT count(*) FROM rubric_note_versions")) == 0


def test_the_keys_of_notes_are_rotated_by_the_role_of_privacy(roles: Roles, lead: Viewer) -> None:
    """Privacy's role wraps the keys again and reads no word; afterwards the old key opens nothing, for any stage."""
    web, privacy = roles.by_stage["web"], roles.by_stage["privacy"]
    written(web, lead)
    assert roles.refuses("privacy", "SELECT words FROM rubric_note_versions")
    assert rotate_keys(privacy, NEW) == 1
    alone = KeyEncryptionKey(NEW.secret)
    assert [note.latest.text for note in RubricNotes(web, alone, now=lambda: NOW).all(lead)] == ["Not so."]
    for stage in roles.by_stage:
        with transaction(roles.by_stage[stage]) as session, pytest.raises(Misconfigured):
            check_key_encryption_key(session, KEK)


def test_the_sink_sees_which_key_wrapped_a_note_and_no_more(roles: Roles) -> None:
    """The sink compares the id of the key, and reads neither the wrapped key nor a word."""
    assert not roles.refuses("sink", "SELECT kek_id FROM rubric_notes")
    for statement in ("SELECT wrapped FROM rubric_notes", "SELECT * FROM rubric_note_versions"):
        assert roles.refuses("sink", statement)


def test_an_export_reads_the_notes_of_its_own_lead(roles: Roles, lead: Viewer) -> None:
    """The role of exports sees the versions that the lead wrote on whose behalf it reads, and nobody else's."""
    RubricNotes(roles.by_stage["web"], KEK, now=lambda: NOW).write(lead, Mechanism.STANCE_ALIGNMENT, "Not so.")
    other = add_person(roles.owner, "lars", AccountRole.LEAD)
    for viewer, seen in ((lead, 1), (other, 0), (None, 0)):
        with transaction(roles.by_stage["digest"], None if viewer is None else viewer.user_id) as session:
            assert session.scalar(text("SELECT count(*) FROM rubric_note_versions")) == seen
