"""How PostgreSQL is reached, and which of its troubles mean "try again"."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from stream.contracts.errors import Misconfigured, Unavailable

DRIVER: Final = "postgresql+psycopg"
CONNECT_TIMEOUT_S: Final = 3
"""On a local network a connection takes milliseconds."""
STATEMENT_TIMEOUT_MS: Final = 5_000
"""The largest record takes well under a second; a statement that waits longer waits for
something broken, and a stage that is told to stop has ten seconds."""
POOL_SIZE: Final = 5
RETRY_AFTER_S: Final = 1.0


def connect(url: str) -> Engine:
    """Prepare connections to `url`; the first use makes the first one. Statements' values never enter an exception.

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
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
        },
    )


@contextmanager
def reachable() -> Iterator[None]:
    """Turn trouble that may pass by itself into `Unavailable`: connection, shutdown, deadlock, time, full disk.

    Raises:
        Misconfigured: the user of the URL lacks a right: no retry would help.
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


@contextmanager
def transaction(engine: Engine, account: UUID | None = None) -> Iterator[Session]:
    """One transaction: all of it or nothing. `account` is on whose behalf: the database shows their rows alone.

    (To a role that `counterpoint database roles` has made; the owner of the tables sees every row.)

    Raises:
        Unavailable: the database is away or too busy; nothing was changed, unless the answer to the commit was lost.
    """
    with reachable(), Session(engine) as session, session.begin():
        if account is not None:
            session.execute(text("SELECT set_config('counterpoint.account', :id, true)"), {"id": str(account)})
        yield session


def utc_now() -> datetime:
    """The clock of the wall."""
    return datetime.now(UTC)
