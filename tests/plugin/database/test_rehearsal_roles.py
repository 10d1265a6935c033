"""Tests of what each database role may do with rehearsals on a real PostgreSQL, even if a query forgets to ask."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.grants import GRANTS
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.rotation import rotate_keys
from plugin.queue.practice_views import Rated, Unrated
from plugin.queue.rehearsals import rehearsals_of
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Force
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import ResistanceType
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.samples import KEK, NOW, add_person

__all__ = ["roles"]

TABLES = ("rehearsals", "rehearsal_steps")
STEP = "INSERT INTO rehearsal_steps VALUES (:r, 7, false, '', now())"
REHEARSAL = "INSERT INTO rehearsals VALUES (gen_random_uuid(), :a, 'k', '', now())"


def store_of(roles: Roles, stage: str) -> Store:
    """Return a store under the role of a stage."""
    return Store(roles.by_stage[stage], KEK, now=lambda: NOW)


@pytest.fixture
def begun(roles: Roles, people: People) -> UUID:
    """Return a rehearsal of Ana's, begun under the role of the page."""
    found = store_of(roles, "web").rehearsals.begin(
        people.ana, profiles()["new-widow"], ResistanceType.RELUCTANCE, Force.MILD
    )
    assert isinstance(found, UUID)
    return found


def seen(roles: Roles, viewer: Viewer | None, stage: str) -> list[int]:
    """Return how many rows of each table a role sees on behalf of an account."""
    with transaction(roles.by_stage[stage], None if viewer is None else viewer.user_id) as session:
        return [session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES]


def refused(roles: Roles, viewer: Viewer, statement: str, **values: object) -> bool:
    """Return whether the database refuses what the page does on somebody's behalf."""
    try:
        with transaction(roles.by_stage["web"], viewer.user_id) as session:
            session.execute(text(statement), values)
    except Misconfigured:
        return True
    return False


def test_the_role_of_the_page_can_do_its_work(roles: Roles, people: People, begun: UUID) -> None:
    """Under the role of the page a therapist goes on with a rehearsal and removes it."""
    rehearsals = store_of(roles, "web").rehearsals
    found = rehearsals.one(people.ana, begun)
    assert found is not None
    for _ in range(2):  # a draft, and what takes its place
        assert rehearsals.keep(people.ana, found, "Hm.", Rated(unrated=Unrated.AWAY), None) is DecisionOutcome.DONE
    assert rehearsals.remove(people.ana, begun) is DecisionOutcome.DONE
    assert seen(roles, people.ana, "web") == [0, 0]


def test_the_database_shows_a_rehearsal_to_its_therapist_alone(roles: Roles, people: People, begun: UUID) -> None:
    """No role sees a row on behalf of anybody else or of nobody; an export sees the own ones and changes none."""
    lead = add_person(roles.owner, "lena", AccountRole.LEAD)
    auditor = add_person(roles.owner, "aldo", AccountRole.AUDITOR)
    for stage in ("web", "digest"):
        assert seen(roles, people.ana, stage) == [1, 1]
        for viewer in (people.ben, people.supervisor, people.other_supervisor, people.operator, lead, auditor, None):
            assert seen(roles, viewer, stage) == [0, 0]
    with transaction(roles.by_stage["digest"], people.ana.user_id) as session:
        assert [each.rehearsal_id for each in rehearsals_of(session, KEK, people.ana)] == [begun]
    for table in TABLES:
        assert roles.refuses("digest", f"DELETE FROM {table}")


def test_nobody_writes_or_removes_another_therapists(roles: Roles, people: People, begun: UUID) -> None:
    """The database lets nobody add a step to another's rehearsal, begin one in another's name, or remove one."""
    for viewer in (people.ben, people.supervisor, people.operator):
        assert refused(roles, viewer, STEP, r=begun)
        assert refused(roles, viewer, REHEARSAL, a=people.ana.user_id)
        with transaction(roles.by_stage["web"], viewer.user_id) as session:
            for table in TABLES:
                assert session.execute(text(f"DELETE FROM {table} RETURNING 1")).all() == []
    assert refused(roles, people.supervisor, REHEARSAL, a=people.supervisor.user_id)
    assert not refused(roles, people.ana, STEP, r=begun)
    assert refused(roles, people.ana, "UPDATE rehearsal_steps SET words = ''")


def test_a_disabled_therapist_is_shown_nothing(roles: Roles, people: People, begun: UUID) -> None:  # noqa: ARG001 - it is there
    """Once an account is disabled, nothing is read on its behalf."""
    with roles.owner.begin() as connection:
        connection.execute(
            text("UPDATE accounts SET disabled_at = now() WHERE account_id = :a"), {"a": people.ana.user_id}
        )
    assert seen(roles, people.ana, "web") == [0, 0]


def test_the_other_stages_have_no_right_on_it(roles: Roles) -> None:
    """Of all stages the page, exports and privacy alone have a right; privacy reads no words and not whose they are."""
    for table, stages in (("rehearsals", {"web", "digest", "privacy"}), ("rehearsal_steps", {"web", "digest"})):
        assert {stage for stage in GRANTS if table in GRANTS[stage]} == stages
        for stage in set(GRANTS) - stages:
            assert roles.refuses(stage, f"SELECT 1 FROM {table}")
    assert roles.refuses("privacy", "SELECT account_id FROM rehearsals")
    assert roles.refuses("privacy", "SELECT words FROM rehearsal_steps")


def test_privacy_wraps_keys_and_removes_what_is_old(roles: Roles, people: People, begun: UUID) -> None:
    """Under its own role privacy wraps a rehearsal's key again and deletes old ones with their steps."""
    new = KeyEncryptionKey(bytes(range(7, 39)))
    assert rotate_keys(roles.by_stage["privacy"], KeyEncryptionKey(new.secret, (KEK,))) == 1
    assert Store(roles.by_stage["web"], new, now=lambda: NOW).rehearsals.one(people.ana, begun) is not None
    with transaction(roles.by_stage["privacy"]) as session:
        session.execute(text("DELETE FROM rehearsals WHERE begun_at < :t"), {"t": NOW.replace(year=NOW.year + 1)})
    assert seen(roles, people.ana, "web") == [0, 0]
    assert store_of(roles, "web").rehearsals.one(people.ana, uuid4()) is None
