"""The migration to a session's own columns on stored rows: they are filled, and dropped again where roles are used."""

from uuid import UUID

from sqlalchemy import create_engine, text

from plugin.database.migrate import downgrade, upgrade
from plugin.database.roles import apply_roles
from tests.plugin.samples import NOW

BEFORE = "0017"
SESSION, ACCOUNT = UUID(int=1), UUID(int=2)


def test_stored_sessions_get_their_counsellors_and_decisions(database_url: str) -> None:
    """A session that was stored before says who wrote in it, in order, and which revision was decided about."""
    upgrade(database_url)
    downgrade(database_url, BEFORE)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for statement in (
            (
                "INSERT INTO sessions (session_id, tenant, conversation_id, revision, state, started_at, ended_at,"
                " closed_at, first_appended_at, last_appended_at, stored_at, end_reason, consent, counts, marks, need,"
                " facts) VALUES (:s, 'sample', 'c', 2, 'closed', :at, :at, :at, :at, :at, :at, 'idle', '{}', '{}',"
                " '[]', 6, '{}')"
            ),
            "INSERT INTO session_counsellors VALUES (:s, 'p_b', 'sample', 0), (:s, 'p_a', 'sample', 1)",
            (
                "INSERT INTO accounts (account_id, username, password_hash, role, display_name, created_at)"
                " VALUES (:a, 'mara', '', 'supervisor', 'Mara', :at)"
            ),
            "INSERT INTO decisions VALUES (:s, 1, 'released', :a, :at)",
        ):
            connection.execute(text(statement), {"s": SESSION, "a": ACCOUNT, "at": NOW})
    upgrade(database_url)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT counsellor_keys, decided_revision, decided_as, decided_at, decided FROM sessions")
        ).one()
    assert tuple(found) == (["sample/p_b", "sample/p_a"], 1, "released", NOW, False), "revision 2 waits"
    engine.dispose()


def test_the_migration_is_reverted_where_roles_are_used(database_url: str) -> None:
    """A policy that reads the columns does not keep them from being dropped, and applying roles again restores it."""
    upgrade(database_url)
    apply_roles(database_url, {})
    downgrade(database_url, BEFORE)
    policies = text(
        "SELECT count(*) FROM pg_policies WHERE tablename = 'sessions' AND policyname = 'counterpoint_scope'"
    )
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(policies) == 0, "nobody sees a session until roles are applied again"
    upgrade(database_url)
    apply_roles(database_url, {})
    with engine.connect() as connection:
        assert connection.scalar(policies) == 1
    engine.dispose()
