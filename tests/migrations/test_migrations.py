"""The schema's steps, on a real PostgreSQL: up, down, up again, and the same as the tables say."""

import re
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import LargeBinary, create_engine, inspect, text

from plugin.database.migrate import FOLDER, downgrade, pending, upgrade
from plugin.database.tables import METADATA
from plugin.local.loopback import free_ports
from stream.contracts.errors import Misconfigured, Unavailable

SEALED = {
    ("messages", "text"),
    ("answers", "words"),
    ("conversation_keys", "wrapped"),
    ("service_keys", "wrapped"),
    ("erasures", "subject_hash"),
    ("erasure_requests", "subject_hash"),
    ("audit", "previous"),
    ("audit", "hash"),
}


def tables(url: str) -> set[str]:
    """The tables that are there."""
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_up_makes_what_the_tables_say_and_nothing_else(database_url: str) -> None:
    """Alembic finds no difference between database and tables."""
    upgrade(database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_down_takes_everything_back_and_up_works_again(database_url: str) -> None:
    """Each step can be taken back; only Alembic's own table stays."""
    upgrade(database_url)
    assert tables(database_url) >= {"sessions", "answers"}
    downgrade(database_url)
    assert tables(database_url) == {"alembic_version"}
    upgrade(database_url)
    assert pending(database_url) == []


def test_pending_names_the_missing_steps_oldest_first(database_url: str) -> None:
    """All of them on an empty database, none on a finished one; asking changes nothing."""
    steps = sorted(path.stem for path in (FOLDER / "versions").glob("r*.py"))
    missing = pending(database_url)
    assert [step.split()[0] for step in missing] == [re.sub(r"^r(\d+)_.*", r"\1", step) for step in steps]
    assert tables(database_url) == set()
    upgrade(database_url)
    assert pending(database_url) == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """An operator may run it before every start."""
    upgrade(database_url)
    upgrade(database_url)
    assert pending(database_url) == []


def test_two_upgrades_at_once_wait_for_each_other(database_url: str) -> None:
    """Several containers may start together."""
    errors: list[Exception] = []

    def work() -> None:
        try:
            upgrade(database_url)
        except Exception as error:  # noqa: BLE001 - any at all is a failure
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert pending(database_url) == []


def test_a_database_of_a_later_version_is_left_alone(database_url: str) -> None:
    """An old program must not write into a schema it does not know."""
    upgrade(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(Misconfigured, match="later version"):
        pending(database_url)


def test_a_database_that_is_away_is_told_as_such() -> None:
    """The caller may try again."""
    (port,) = free_ports(1)
    url = f"postgresql+psycopg://nobody:secret@127.0.0.1:{port}/nothing"
    for ask in (upgrade, pending):
        with pytest.raises(Unavailable, match="the database is unavailable"):
            ask(url)


@pytest.mark.parametrize("url", ["not a url", "sqlite://", "postgresql://host/name", "oracle://host/name"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    """PostgreSQL is the only one."""
    with pytest.raises(Misconfigured, match=r"database\.url"):
        pending(url)


def test_times_have_their_zone_and_bytes_are_sealed_ones() -> None:
    """No naive time, and every column of bytes is one of those that hold something sealed or hashed."""
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if "timestamp" in str(column.type.compile()).lower() or "datetime" in type(column.type).__name__.lower():
                assert getattr(column.type, "timezone", False), f"{table.name}.{column.name}"
    sealed = {(t.name, c.name) for t in METADATA.sorted_tables for c in t.columns if isinstance(c.type, LargeBinary)}
    assert sealed == SEALED


def test_steps_hold_no_data_of_anybody() -> None:
    """A migration moves columns, not people's words."""
    for path in Path(FOLDER / "versions").glob("r*.py"):
        step = path.read_text()
        assert "bulk_insert" not in step
        assert {words.split()[0] for words in step.split("INSERT INTO ")[1:]} <= {"session_clients"}
        changed = {words.split()[0] for words in step.split("UPDATE ")[1:]}
        assert changed <= {"audit", "OR"}, "the trail is numbered; nothing else of what is there is touched"
