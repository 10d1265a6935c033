"""The migration of measures on a real PostgreSQL: what an earlier version is left with."""

from sqlalchemy import create_engine, inspect

from plugin.database.migrate import downgrade, upgrade


def test_an_earlier_version_finds_no_measures(database_url: str) -> None:
    """After a downgrade there is no table of measures, and the database can be brought up again."""
    upgrade(database_url)
    downgrade(database_url, "0032")
    engine = create_engine(database_url)
    assert not inspect(engine).has_table("measures")
    upgrade(database_url)
    assert inspect(engine).has_table("measures")
    engine.dispose()
