"""The migration of outcomes on a real PostgreSQL: what an earlier version is left with."""

from sqlalchemy import create_engine, inspect, text

from plugin.database.migrate import downgrade, upgrade
from plugin.database.viewer import AccountRole
from plugin.queue.failed_logins import FailedLogins
from plugin.queue.token_views import Scope
from plugin.queue.tokens import Tokens
from tests.plugin.samples import NOW, add_person


def test_an_earlier_version_finds_neither_outcomes_nor_their_scope(database_url: str) -> None:
    """After a downgrade there is no table of outcomes, and no token has their scope; other tokens stay."""
    upgrade(database_url)
    engine = create_engine(database_url)
    add_person(engine, "otto", AccountRole.OPERATOR)
    tokens = Tokens(engine, FailedLogins(), now=lambda: NOW)
    for scopes in ([Scope.OUTCOMES_WRITE], [Scope.PEOPLE_WRITE]):
        tokens.create("otto", scopes)
    downgrade(database_url, "0031")
    with engine.connect() as connection:
        left = connection.scalars(text("SELECT scopes FROM api_tokens")).all()
    assert left == [["people.write"]]
    assert not inspect(engine).has_table("outcomes")
    engine.dispose()
