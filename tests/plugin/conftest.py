"""Fixtures of a migrated database for each test, the store on it, and people with accounts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.database.roles import apply_roles, url_for_role
from plugin.database.tables import METADATA
from plugin.database.viewer import AccountRole, Viewer
from plugin.local.database_roles import role_passwords
from plugin.queue import passwords
from plugin.queue.store import Store
from tests.fixtures.restored_database import SavedRows
from tests.plugin.samples import KEK, NOW, TENANT, add_person

T = TypeVar("T")

_TABLES_WITH_ROWS = " UNION ALL ".join(
    f"SELECT '{table.name}' WHERE EXISTS (SELECT FROM \"{table.name}\")" for table in METADATA.sorted_tables
)


@pytest.fixture(scope="session")
def queue_url(create_database: Callable[..., str]) -> str:
    """Return the URL of a migrated database that these tests share, one after the other."""
    url = create_database()
    upgrade(url)
    return url


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords with Argon2id at its lowest cost, since the tests create hundreds of accounts and log in as often.

    A fixture of a whole run that hashes a password asks for it, or every login costs what a real one does.
    """
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_PASSWORD_HASH", PasswordHash((quick,)))
        passwords.dummy_hash.cache_clear()
        yield
    passwords.dummy_hash.cache_clear()


@pytest.fixture(scope="session")
def owner(queue_url: str) -> Iterator[Engine]:
    """Yield an engine for the shared database, as the owner of its tables."""
    engine = connect(queue_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(owner: Engine) -> Engine:
    """Return an engine for the shared database, which is emptied first."""
    empty(owner)
    return owner


@pytest.fixture(scope="session")
def role_urls(queue_url: str) -> Mapping[str, str]:
    """Return the URL of the shared database as each stage's role; the rights are granted once."""
    secrets = role_passwords(queue_url)
    apply_roles(queue_url, secrets)
    return {stage: url_for_role(queue_url, stage, secret) for stage, secret in secrets.items()}


@pytest.fixture(scope="session")
def role_engines(role_urls: Mapping[str, str]) -> Iterator[Mapping[str, Engine]]:
    """Yield an engine for the shared database as each stage's role."""
    made = {stage: connect(url) for stage, url in role_urls.items()}
    yield made
    for each in made.values():
        each.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    """Return the store of the supervisor queue, at a fixed time."""
    return Store(engine, KEK, now=lambda: NOW)


def empty(engine: Engine) -> None:
    """Remove every row. Triggers are off meanwhile, since they refuse to empty the audit trail.

    Tables without rows are left alone, and rows deleted: TRUNCATE makes new files of every table and index.
    """
    with engine.begin() as connection:
        filled = connection.scalars(text(_TABLES_WITH_ROWS)).all()
        deletions = "".join(f';DELETE FROM "{name}"' for name in filled)
        connection.execute(text(f"SET LOCAL session_replication_role = replica{deletions}"))


def saved_rows(engine: Engine) -> SavedRows:
    """Return the rows that the database holds now."""
    with engine.begin() as connection:
        tables = connection.scalars(text(_TABLES_WITH_ROWS)).all()
        return SavedRows(connection.connection.driver_connection, tables)  # type: ignore[arg-type] # psycopg's own


def put_rows(engine: Engine, rows: SavedRows) -> None:
    """Put rows into the emptied database."""
    with engine.begin() as connection:
        rows.put(connection.connection.driver_connection)  # type: ignore[arg-type] # psycopg's own


@dataclass(frozen=True)
class People:
    """Supervisors and therapists of two teams on one platform, and an operator."""

    supervisor: Viewer
    other_supervisor: Viewer
    ana: Viewer
    ben: Viewer
    operator: Viewer


class KeptPeople:
    """People with the rows of their accounts, which take hundreds of tests longer to make than to put back."""

    def __init__(self) -> None:
        self._kept: dict[Callable[[Engine], Any], tuple[Any, SavedRows]] = {}

    def put(self, engine: Engine, make: Callable[[Engine], T]) -> T:
        """Return what `make` makes in an empty database, and see that the rows of it are in this one."""
        if make in self._kept:
            made, rows = self._kept[make]
            put_rows(engine, rows)
            return made  # type: ignore[no-any-return] # each function has made its own
        with engine.connect() as connection:
            was_empty = not connection.scalars(text(_TABLES_WITH_ROWS)).all()
        made = make(engine)
        if was_empty:  # or rows of another fixture would be kept with them
            self._kept[make] = made, saved_rows(engine)
        return made


@pytest.fixture(scope="session")
def kept_people() -> KeptPeople:
    """Return the people whose rows are kept, of the database that these tests share."""
    return KeptPeople()


@pytest.fixture
def people(engine: Engine, kept_people: KeptPeople) -> People:
    """Return people with accounts: Ana is in the supervisor's team, Ben in the other supervisor's."""
    return kept_people.put(engine, _two_teams)


def _two_teams(engine: Engine) -> People:
    return People(
        supervisor=add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",)),
        other_supervisor=add_person(engine, "olga", AccountRole.SUPERVISOR, teams=("south",)),
        ana=add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana"),
        ben=add_person(engine, "ben", AccountRole.THERAPIST, teams=("south",), tenant=TENANT, counsellor="p_ben"),
        operator=add_person(engine, "otto", AccountRole.OPERATOR),
    )
