"""The migration of leads and auditors on a real PostgreSQL: what an earlier version is left with."""

from sqlalchemy import create_engine, text

from plugin.database.migrate import downgrade, upgrade
from plugin.database.viewer import AccountRole
from plugin.queue.failed_logins import FailedLogins
from plugin.queue.token_views import Scope
from plugin.queue.tokens import Tokens
from tests.plugin.samples import NOW, add_person


def test_an_earlier_version_finds_no_role_and_no_scope_that_it_does_not_know(database_url: str) -> None:
    """After a downgrade nobody is a lead or an auditor or can log in as one, and no token has a scope of theirs."""
    upgrade(database_url)
    engine = create_engine(database_url)
    for name, role in (("lena", AccountRole.LEAD), ("aldo", AccountRole.AUDITOR)):
        add_person(engine, name, role)
    add_person(engine, "otto", AccountRole.OPERATOR)
    tokens = Tokens(engine, FailedLogins(), now=lambda: NOW)
    for name, scope in (("lena", Scope.RUBRIC_WRITE), ("aldo", Scope.TRAIL_READ), ("otto", Scope.SESSIONS_READ)):
        tokens.create(name, [scope])
    downgrade(database_url, "0018")
    with engine.connect() as connection:
        accounts = connection.execute(
            text("SELECT username, role, disabled_at IS NULL, password_hash = '' FROM accounts ORDER BY username")
        ).all()
        scopes = connection.scalars(text("SELECT scopes FROM api_tokens")).all()
    engine.dispose()
    assert [tuple(row) for row in accounts] == [
        ("aldo", "operator", False, True),
        ("lena", "operator", False, True),
        ("otto", "operator", True, False),
    ]
    assert scopes == [["sessions.read"]]
