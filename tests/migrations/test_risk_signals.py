"""The migration of risk signals on a real PostgreSQL: what an earlier version is left with."""

from sqlalchemy import create_engine, text

from plugin.database.migrate import downgrade, upgrade
from plugin.database.viewer import AccountRole
from plugin.queue.failed_logins import FailedLogins
from plugin.queue.token_views import Scope
from plugin.queue.tokens import Tokens
from tests.plugin.samples import NOW, add_person


def test_an_earlier_version_finds_no_scope_that_it_does_not_know(database_url: str) -> None:
    """After a downgrade no token has the scope of risk signals; others stay."""
    upgrade(database_url)
    engine = create_engine(database_url)
    add_person(engine, "otto", AccountRole.OPERATOR)
    tokens = Tokens(engine, FailedLogins(), now=lambda: NOW)
    for scopes in ([Scope.RISK_ACKNOWLEDGE, Scope.SESSIONS_READ], [Scope.SESSIONS_READ]):
        tokens.create("otto", scopes)
    downgrade(database_url, "0027")
    with engine.connect() as connection:
        left = connection.scalars(text("SELECT scopes FROM api_tokens")).all()
    engine.dispose()
    assert left == [["sessions.read"]]
