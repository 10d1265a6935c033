"""The migrations on a real PostgreSQL: upgrade, downgrade, and agreement with the tables in the code."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import LargeBinary, create_engine, inspect, text

from plugin.database import engine as engine_module
from plugin.database.migrate import FOLDER, downgrade, pending_migrations, upgrade
from plugin.database.tables import METADATA
from plugin.local.loopback import free_ports
from stream.contracts.errors import Misconfigured, Unavailable
from tests.fixtures.waiting import DEADLOCK_S, wait_until

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
SEALED = {
    ("messages", "text"),
    ("answers", "words"),
    ("notes", "words"),
    ("note_comments", "words"),
    ("handovers", "words"),
    ("criterion_answers", "words"),
    ("disputes", "words"),
    ("dispute_steps", "words"),
    ("practice_attempts", "words"),
    ("rehearsals", "wrapped"),
    ("rehearsal_steps", "words"),
    ("calibration_ratings", "words"),
    ("final_levels", "words"),
    ("conversation_keys", "wrapped"),
    ("service_keys", "wrapped"),
    ("erasures", "subject_hash"),
    ("api_tokens", "secret_hash"),
    ("api_replies", "key_hash"),
    ("api_replies", "request_hash"),
    ("rubric_notes", "wrapped"),
    ("rubric_note_versions", "words"),
    ("receivers", "secret"),
    ("receivers", "previous_secret"),
    ("erasure_requests", "subject_hash"),
    ("audit", "previous"),
    ("audit", "hash"),
}


def tables(url: str) -> set[str]:
    """Return the names of the tables in the database."""
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_upgrade_creates_exactly_the_tables_of_the_code(database_url: str) -> None:
    """After an upgrade Alembic finds no difference between the database and the tables in the code."""
    upgrade(database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_downgrade_removes_everything_and_upgrade_works_again(database_url: str) -> None:
    """Every migration can be reverted, after which only Alembic's own table is left."""
    upgrade(database_url)
    assert tables(database_url) >= {"sessions", "answers"}
    downgrade(database_url)
    assert tables(database_url) == {"alembic_version"}
    upgrade(database_url)
    assert pending_migrations(database_url) == []


def test_pending_migrations_are_named_oldest_first(database_url: str) -> None:
    """All migrations are pending on an empty database and none after an upgrade; asking changes nothing."""
    steps = sorted(path.stem for path in (FOLDER / "versions").glob("r*.py"))
    missing = pending_migrations(database_url)
    assert [step.split()[0] for step in missing] == [re.sub(r"^r(\d+)_.*", r"\1", step) for step in steps]
    assert tables(database_url) == set()
    upgrade(database_url)
    assert pending_migrations(database_url) == []


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """A second upgrade changes nothing, so an operator may run it before every start."""
    upgrade(database_url)
    upgrade(database_url)
    assert pending_migrations(database_url) == []


def test_two_upgrades_at_once_wait_for_each_other(database_url: str) -> None:
    """Upgrades at the same time all succeed, since several containers may start together."""
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
    assert pending_migrations(database_url) == []


def test_a_migration_may_take_longer_than_a_statement_of_a_stage(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time limit of statements does not hold for migrations, since an index on many rows takes minutes."""
    upgrade(database_url)
    downgrade(database_url, "-1")
    monkeypatch.setattr(engine_module, "STATEMENT_TIMEOUT_MS", 1_000)
    engine = create_engine(database_url)
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE alembic_version"))
            upgraded = pool.submit(upgrade, database_url)
            wait_until(lambda: connection.scalar(WAITING) or upgraded.done(), "the upgrade waits for the lock")
            connection.execute(text("SELECT pg_sleep(1.5)"))
        upgraded.result(DEADLOCK_S)
    engine.dispose()
    assert pending_migrations(database_url) == []


def test_a_database_of_a_later_version_is_refused(database_url: str) -> None:
    """A database of a later version is refused, since an old program must not write into an unknown schema."""
    upgrade(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(Misconfigured, match="later version"):
        pending_migrations(database_url)


def test_a_database_that_is_away_is_unavailable() -> None:
    """A database that does not answer raises Unavailable, so that the caller may try again."""
    (port,) = free_ports(1)
    url = f"postgresql+psycopg://nobody:secret@127.0.0.1:{port}/nothing"
    for ask in (upgrade, pending_migrations):
        with pytest.raises(Unavailable, match="the database is unavailable"):
            ask(url)


@pytest.mark.parametrize("url", ["not a url", "sqlite://", "postgresql://host/name", "oracle://host/name"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    """A URL that is not one of PostgreSQL with the right driver is refused."""
    with pytest.raises(Misconfigured, match=r"database\.url"):
        pending_migrations(url)


def test_times_have_a_zone_and_bytes_are_encrypted_or_hashed() -> None:
    """Every time column has a time zone, and every column of bytes is one that is encrypted or hashed."""
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if "timestamp" in str(column.type.compile()).lower() or "datetime" in type(column.type).__name__.lower():
                assert getattr(column.type, "timezone", False), f"{table.name}.{column.name}"
    sealed = {(t.name, c.name) for t in METADATA.sorted_tables for c in t.columns if isinstance(c.type, LargeBinary)}
    assert sealed == SEALED


def test_migrations_write_no_personal_data() -> None:
    """Migrations write no rows except the clients of sessions, the chain of the trail and ids of ended releases."""
    for path in Path(FOLDER / "versions").glob("r*.py"):
        step = path.read_text()
        assert "bulk_insert" not in step
        written = {words.split()[0] for words in step.split("INSERT INTO ")[1:]}
        assert written <= {"session_clients", "public.audit", "public.release_notices"}
        changed = {words.split()[0] for words in step.split("UPDATE ")[1:]}
        # Numbers, times, codes (of which an answer that abstains has one), and what no longer holds.
        allowed = {
            "{table}",
            "look_answers",
            "audit",
            "sessions",
            "exchanges",
            "accounts",
            "decisions",
            "public.accounts",
            "public.sessions",
            "public.calibrations",
            "OR",
            "OF",
        }
        assert changed <= allowed, "migrations may not change other rows"
