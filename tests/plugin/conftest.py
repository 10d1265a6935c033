"""A migrated database for each test, and the store on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.database.tables import METADATA
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import accounts
from plugin.queue.store import Store
from tests.plugin.samples import KEK, NOW, TENANT, person


@pytest.fixture(scope="session")
def queue_url(create_database: Callable[..., str]) -> str:
    """A migrated database that the tests of this room share, one after the other."""
    url = create_database()
    upgrade(url)
    return url


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same Argon2id at its lowest cost: hundreds of accounts are made here, none of them worth guarding."""
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_HASHES", PasswordHash((quick,)))


@pytest.fixture
def engine(queue_url: str) -> Iterator[Engine]:
    """Connections to that database, emptied."""
    engine = connect(queue_url)
    empty(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> Store:
    """The queue as people meet it, at a fixed time."""
    return Store(engine, KEK, now=lambda: NOW)


def empty(engine: Engine) -> None:
    """Remove every row. Nobody may empty the trail, so the triggers are off, as they are on a replica."""
    names = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL session_replication_role = replica; TRUNCATE {names}"))


@dataclass(frozen=True)
class People:
    """Two teams of one platform, and an operator."""

    supervisor: Viewer
    other_supervisor: Viewer
    ana: Viewer
    ben: Viewer
    operator: Viewer


@pytest.fixture
def people(engine: Engine) -> People:
    """Ana is in the supervisor's team, Ben in the other supervisor's."""
    return People(
        supervisor=person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",)),
        other_supervisor=person(engine, "olga", AccountRole.SUPERVISOR, teams=("south",)),
        ana=person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana"),
        ben=person(engine, "ben", AccountRole.THERAPIST, teams=("south",), tenant=TENANT, counsellor="p_ben"),
        operator=person(engine, "otto", AccountRole.OPERATOR),
    )
