"""A migrated database that the tests of this room share, one after the other, and the sample platform's settings."""

import base64
from collections.abc import Callable, Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text

from plugin.queue import accounts
from plugin.queue.database import connect
from plugin.queue.migrate import upgrade
from plugin.queue.tables import METADATA
from stream.runtime.settings import Settings
from tests.plugin.queue.samples import KEK, TENANT

KEY = base64.b64encode(KEK.secret).decode()


@pytest.fixture(scope="session")
def privacy_url(create_database: Callable[..., str]) -> str:
    """Migrated, not emptied."""
    url = create_database()
    upgrade(url)
    return url


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_HASHES", PasswordHash((quick,)))


@pytest.fixture
def engine(privacy_url: str) -> Iterator[Engine]:
    """Connections to it, emptied."""
    engine = connect(privacy_url)
    empty(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def settings(privacy_url: str) -> Settings:
    """One platform, this database."""
    return Settings.model_validate(
        {
            "database": {"url": privacy_url, "key_encryption_key": KEY},
            "tenants": {TENANT: {"pseudonym_key": KEY}},
        }
    )


def empty(engine: Engine) -> None:
    """Leave no row. The trail can be emptied by nobody; as a replica the database fires no trigger."""
    names = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL session_replication_role = replica; TRUNCATE {names}"))
