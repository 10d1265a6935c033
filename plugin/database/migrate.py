"""Migration of the database to the schema of this version.

For developers: `python -m plugin.database.migrate "message" URL` writes the next migration, from the difference
between the tables in the code and those in the database.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.database.engine import temporary_engine, transaction, translate_database_errors
from stream.contracts.errors import Misconfigured

FOLDER: Final = Path(__file__).resolve().parents[2] / "migrations"
_LOCK: Final = 0x636F756E746572  # "counter" in ASCII; any number will do that nothing else in the database locks


def upgrade(url: str) -> None:
    """Run every pending migration, all of them or none. Two calls at the same time wait for each other.

    Raises:
        Unavailable: PostgreSQL does not answer.
        Misconfigured: `url` is not a PostgreSQL URL.
    """
    with _connection(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")


def downgrade(url: str, revision: str = "base") -> None:
    """Revert the migrations after `revision`; `base` reverts all of them. All rows of dropped tables are lost."""
    with _connection(url) as connection:
        command.downgrade(_config(connection), revision)


def pending_migrations(url: str) -> list[str]:
    """Return the migrations that `upgrade` would run, oldest first; none when the schema is this version's.

    Raises:
        Unavailable: PostgreSQL does not answer.
        Misconfigured: `url` is not a PostgreSQL URL, or the schema is of a later version than this program.
    """
    with temporary_engine(url) as engine:
        applied = _count_applied(engine, known_revisions())
    return [f"{step.revision} {step.doc}" for step in _steps()[applied:]]


def known_revisions() -> tuple[str, ...]:
    """Return the revisions in the migrations folder, oldest first."""
    return tuple(step.revision for step in _steps())


def is_up_to_date(engine: Engine, revisions: Sequence[str]) -> bool:
    """Return whether the schema is that of the last of these revisions.

    Raises:
        Unavailable: PostgreSQL does not answer.
        Misconfigured: the schema is of a later version than this program.
    """
    return _count_applied(engine, revisions) == len(revisions)


def _steps() -> list[Script]:
    return list(ScriptDirectory(str(FOLDER)).walk_revisions())[::-1]


def _count_applied(engine: Engine, revisions: Sequence[str]) -> int:
    current = _current_revision(engine)
    if current is None:
        return 0
    if current not in revisions:
        raise Misconfigured(
            f"The database's schema ({current}) is of a later version: update this program, or correct the URL."
        )
    return revisions.index(current) + 1


def _current_revision(engine: Engine) -> str | None:
    try:
        with transaction(engine) as session:
            revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
            return revision
    except ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable):
            return None
        raise


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    with temporary_engine(url) as engine, translate_database_errors(), engine.begin() as connection:
        # The same order of look-up as `SEARCH_PATH`, in which a new table would go into the first schema, pg_catalog.
        connection.execute(text("SET LOCAL search_path = public, pg_temp"))
        # A migration may build an index on millions of rows, or wait for another that does.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _write_migration(message: str, url: str) -> None:
    with _connection(url) as connection:
        command.revision(_config(connection), message, autogenerate=True)


if __name__ == "__main__":
    _write_migration(*sys.argv[1:3])
