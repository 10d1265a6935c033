"""Connections and transactions of PostgreSQL, and the translation of its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from stream.contracts.errors import Misconfigured, Unavailable

DRIVER: Final = "postgresql+psycopg"
CONNECT_TIMEOUT_S: Final = 3
"""Seconds; on a local network a connection takes milliseconds."""
STATEMENT_TIMEOUT_MS: Final = 5_000
"""The largest record takes well under a second. A statement that waits longer waits for something broken, and a
stage has ten seconds to stop."""
SEARCH_PATH: Final = "pg_catalog,public,pg_temp"
"""Where names are looked up: temporary tables last, so that none can stand before a table of ours."""
NO_COMPILER: Final = "-c jit=off"
"""Row-level security makes PostgreSQL think a statement dearer than it is, and compile it where the server can; that
takes longer than any of ours runs."""
LOST_CLIENT: Final = "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""The server gives up a client whose machine is gone within half a minute, with all locks that it held. That a process
has ended it sees at once."""
POOL_SIZE: Final = 5
RETRY_AFTER_S: Final = 1.0


def connect(url: str) -> Engine:
    """Return an engine for `url`, which connects at its first use. Exceptions never hold the values of statements.

    Raises:
        Misconfigured: `url` is not a PostgreSQL URL.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername != DRIVER:
            raise Misconfigured(f"database.url must name a PostgreSQL database: {DRIVER}://user:password@host/name")
    except ArgumentError:
        raise Misconfigured(f"database.url is not a URL like {DRIVER}://user:password@host/name") from None
    return create_engine(
        parsed,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        pool_timeout=CONNECT_TIMEOUT_S,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": STATEMENT_TIMEOUT_MS,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS} -c search_path={SEARCH_PATH}"
            f" {LOST_CLIENT} {NO_COMPILER}",
        },
    )


@contextmanager
def temporary_engine(url: str) -> Iterator[Engine]:
    """Yield an engine for `url`, and close its connections at the end of the block.

    Raises:
        Misconfigured: `url` is not a PostgreSQL URL.
    """
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """Raise `Unavailable` for database errors that a retry may solve.

    Such as a lost connection, a shutdown, a deadlock, a timeout or a full disk.

    Raises:
        Misconfigured: the user of the URL lacks a right, so no retry would help.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError):
        raise Unavailable("the database", RETRY_AFTER_S) from None
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise Misconfigured(
            "The user of database.url may not do this. `counterpoint database roles` prints each role's rights; the"
            " owner of the tables has them all."
        ) from None


Database = Engine | Connection
"""Where a transaction runs: in the database, or as a part of the transaction that has begun on a connection."""


@contextmanager
def transaction(database: Database, account: UUID | None = None) -> Iterator[Session]:
    """Run the block as one transaction, on behalf of `account` if it is given.

    On a connection on which a transaction has begun, the block is a savepoint of that one, and lasts if that one does.

    To a role that `counterpoint database roles` has made, the database then shows the rows of this account alone; the
    owner of the tables sees every row.

    Raises:
        Unavailable: the database is away or too busy; nothing was changed, unless only the answer to the commit was
            lost.
    """
    joined = Session(database, join_transaction_mode="create_savepoint")
    with translate_database_errors(), joined as session, session.begin():
        if account is not None:
            session.execute(text("SELECT set_config('counterpoint.account', :id, true)"), {"id": str(account)})
        yield session


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
