"""The migration after which no request is stored without its reply."""

from uuid import UUID

from sqlalchemy import create_engine, text

from plugin.database.migrate import downgrade, upgrade
from tests.plugin.samples import NOW

BEFORE = "0026"


def test_a_request_that_was_never_answered_is_forgotten(database_url: str) -> None:
    """A key whose process was killed is free after the migration; a reply that was stored stays."""
    upgrade(database_url)
    downgrade(database_url, BEFORE)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for statement in (
            (
                "INSERT INTO accounts (account_id, username, password_hash, role, display_name, created_at, generation)"
                " VALUES (:id, 'mara', '', 'supervisor', 'Mara', :at, 0)"
            ),
            (
                "INSERT INTO api_tokens (token_id, account_id, secret_hash, scopes, generation, created_at, expires_at)"
                " VALUES (:id, :id, '', '[]', 0, :at, :at)"
            ),
            "INSERT INTO api_replies VALUES (:id, 'a', '', :at, NULL, NULL), (:id, 'b', '', :at, 200, '{}')",
        ):
            connection.execute(text(statement), {"id": UUID(int=1), "at": NOW})
    upgrade(database_url)
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT convert_from(key_hash, 'UTF8') FROM api_replies")).all() == ["b"]
    engine.dispose()
