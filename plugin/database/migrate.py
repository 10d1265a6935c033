"""Bring the database to this version's schema.

`python -m plugin.database.migrate "message" URL` writes the next step from the difference between tables and database
(developers).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from plugin.database.engine import connect, reachable
from stream.contracts.errors import Misconfigured

FOLDER: Final = Path(__file__).resolve().parents[2] / "migrations"
_LOCK: Final = 0x636F756E746572  # "counter": any number that nothing else in the database locks


def upgrade(url: str) -> None:
    """Take every step that is missing, all of them or none. Two at the same time wait for each other.

    Raises:
        Unavailable: PostgreSQL does not answer.
        Misconfigured: `url` names no PostgreSQL.
    """
    with _connection(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")


def downgrade(url: str, revision: str = "base") -> None:
    """Take steps back as far as `revision`; `base` leaves an empty database. All rows of what goes are lost."""
    with _connection(url) as connection:
        command.downgrade(_config(connection), revision)


def pending(url: str) -> list[str]:
    """The steps that `upgrade` would take, oldest first; empty when the schema is this version's.

    Raises:
        Unavailable: PostgreSQL does not answer.
        Misconfigured: `url` names no PostgreSQL, or one whose schema is of a later version than this program.
    """
    with _connection(url) as connection:
        done = MigrationContext.configure(connection).get_current_revision()
    steps = list(ScriptDirectory(str(FOLDER)).walk_revisions())[::-1]
    revisions = [step.revision for step in steps]
    if done is not None and done not in revisions:
        raise Misconfigured(f"The database's schema ({done}) is of a later version: update this program, or the URL.")
    missing = steps if done is None else steps[revisions.index(done) + 1 :]
    return [f"{step.revision} {step.doc}" for step in missing]


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = connect(url)
    try:
        with reachable(), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _write_next(message: str, url: str) -> None:
    with _connection(url) as connection:
        command.revision(_config(connection), message, autogenerate=True)


if __name__ == "__main__":
    _write_next(*sys.argv[1:3])
