"""A backup that is restored: into a fresh server, opened with the key, brought up to date, erasures done again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import connect
from plugin.database.migrate import pending_migrations, upgrade
from plugin.database.viewer import AccountRole
from plugin.local.postgres import PostgresServer, wheel_binaries
from plugin.queue.store import Store
from plugin.sink.apply import ApplyResult
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Erasure
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.samples import KEK, NOW, PASSWORD, TENANT, add_person, apply_records, record

CANARY = "canary phrase of a client in a backup"


@pytest.fixture(scope="module")
def fresh_server(run_dir: Path) -> Iterator[PostgresServer]:
    """A server that has never seen our data."""
    with PostgresServer(run_dir / "restored", forces_writes=False) as server:
        yield server


def tool(name: str, url: str, *arguments: str) -> None:
    """Run a PostgreSQL program as docs/operations.md writes it, without the password on the command line."""
    parsed = make_url(url)
    env = {"PGPASSWORD": str(parsed.password), "LANG": "C"}
    place = ["--host", str(parsed.host), "--port", str(parsed.port), "--username", str(parsed.username)]
    done = subprocess.run(
        [str(wheel_binaries() / name), *place, "--dbname", str(parsed.database), *arguments],
        env=env, capture_output=True, text=True, timeout=DEADLOCK_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_restored_backup_opens_with_the_key_and_catches_up(
    database_url: str, fresh_server: PostgresServer, tmp_path: Path
) -> None:
    """Dump, lose the server, restore elsewhere: old sessions open, later ones come again from the feedback topic."""
    upgrade(database_url)
    before, erased, after = (record(conversation=f"c_{name}", client_text=CANARY) for name in ("b", "e", "a"))
    engine = connect(database_url)
    add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",))
    add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana")
    apply_records(engine, before, erased)
    backup = tmp_path / "counterpoint.dump"
    tool("pg_dump", database_url, "--format=custom", f"--file={backup}")
    assert CANARY.encode() not in backup.read_bytes()

    erasure = Erasure(
        tenant=TENANT, conversation_id="c_e", erasure_id="5d2c1f0e-7c53-5b8e-9a57-0c7f3a1be001", requested_at=NOW
    )
    apply_records(engine, after, erasure)
    engine.dispose()

    tool("pg_restore", fresh_server.url, "--no-owner", "--exit-on-error", str(backup))
    assert pending_migrations(fresh_server.url) == []
    restored = connect(fresh_server.url)
    store = Store(restored, KEK, now=lambda: NOW)
    supervisor = store.authenticate("mara", PASSWORD)
    assert supervisor is not None
    view = store.open(supervisor, before.session_id)
    assert view is not None
    assert view.messages[0].text == CANARY

    # A backup is older than an erasure: what was erased since is back until the erasure is done again.
    assert store.open(supervisor, erased.session_id) is not None
    assert store.open(supervisor, after.session_id) is None
    assert apply_records(restored, before, after) == [
        ApplyResult.REPEATED,
        ApplyResult.STORED,
    ]  # the sink, from its topic
    assert apply_records(restored, erasure) == [ApplyResult.ERASED]
    assert store.open(supervisor, erased.session_id) is None
    assert store.open(supervisor, after.session_id) is not None
    assert apply_records(restored, erased) == [ApplyResult.ERASED]
    restored.dispose()


def test_a_restored_backup_is_nothing_without_the_key(
    database_url: str, fresh_server: PostgresServer, tmp_path: Path
) -> None:
    """A restored backup cannot be read without the key, and a wrong key is reported at the start."""
    upgrade(database_url)
    engine = connect(database_url)
    apply_records(engine, record(client_text=CANARY))
    engine.dispose()
    backup = tmp_path / "counterpoint.dump"
    tool("pg_dump", database_url, "--format=custom", f"--file={backup}")
    tool("psql", fresh_server.url, "--command", "CREATE DATABASE stolen")
    url = fresh_server.url_of("stolen")
    tool("pg_restore", url, "--no-owner", "--exit-on-error", str(backup))
    stolen = connect(url)
    with pytest.raises(Misconfigured, match="key_encryption_key"):
        Store(stolen, KeyEncryptionKey(bytes(32)), now=lambda: NOW).ping()
    with stolen.connect() as connection:
        (sealed,) = connection.execute(text("SELECT text FROM messages LIMIT 1")).one()
    assert CANARY.encode() not in bytes(sealed)
    stolen.dispose()
