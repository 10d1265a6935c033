"""The migration of measures on a real PostgreSQL: what an earlier version is left with."""

from sqlalchemy import create_engine, inspect, text

from plugin.database.migrate import downgrade, upgrade
from tests.plugin.samples import CONVERSATION, apply_records
from tests.plugin.sink.test_measures import measures


def test_an_earlier_version_finds_no_measures(database_url: str) -> None:
    """After a downgrade there is no table of measures, and the database can be brought up again."""
    upgrade(database_url)
    downgrade(database_url, "0032")
    engine = create_engine(database_url)
    assert not inspect(engine).has_table("measures")
    upgrade(database_url)
    assert inspect(engine).has_table("measures")
    engine.dispose()


def test_of_what_was_stored_before_nobody_knows_who_wrote(database_url: str) -> None:
    """Measures of an earlier version are kept without the people, and both ways of the migration keep the rest."""
    upgrade(database_url)
    engine = create_engine(database_url)
    apply_records(engine, measures())
    downgrade(database_url, "0035")
    upgrade(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT conversation_id, people FROM measures")).all() == [(CONVERSATION, None)]
    engine.dispose()
