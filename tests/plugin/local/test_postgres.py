"""The database is a real PostgreSQL 18 on loopback behind a password, never run as root, and keeps its data."""

from __future__ import annotations

import importlib.util
import os
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from plugin.local.postgres import PostgresServer, _remove_stale_pid_file, allow_traversal, wheel_binaries
from plugin.local.process import MissingRequirement


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.fixture
def own_server(run_dir: Path, request: pytest.FixtureRequest) -> PostgresServer:
    """A server of the test's own, not started."""
    return PostgresServer(run_dir / request.node.name[:40])


def test_sqlalchemy_reaches_it_by_its_url(postgres: PostgresServer) -> None:
    """The URL is what settings and migrations take."""
    engine = create_engine(postgres.url)
    with engine.connect() as connection:
        version = connection.execute(text("SHOW server_version")).scalar_one()
        assert str(version).startswith("18.")
        assert connection.execute(text("SELECT current_database()")).scalar_one() == "counterpoint"
        assert connection.execute(text("SHOW server_encoding")).scalar_one() == "UTF8"
    engine.dispose()


def test_only_data_that_may_be_lost_with_the_machine_are_not_forced_to_disk(
    own_server: PostgresServer, postgres: PostgresServer
) -> None:
    """A server forces its writes to disk unless it was made otherwise, as the tests' own is."""
    with own_server, _connect(own_server.url) as ours, _connect(postgres.url) as tests:
        assert ours.execute("SHOW fsync").fetchone() == ("on",)
        assert tests.execute("SHOW fsync").fetchone() == ("off",)
        assert tests.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_a_wrong_password_is_refused(postgres: PostgresServer) -> None:
    """Another user of this machine who finds the port does not get in."""
    password = (postgres.data_dir / "password").read_text().strip()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _connect(postgres.url.replace(password, "guessed"))


def test_password_and_data_are_closed_to_others(postgres: PostgresServer) -> None:
    """The password file and the data directory are readable by their owner only."""
    assert stat.S_IMODE((postgres.data_dir / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((postgres.data_dir / "data").stat().st_mode) == 0o700


def test_it_never_runs_as_root(postgres: PostgresServer) -> None:
    """PostgreSQL refuses root; started by root it runs as a user without rights."""
    status = Path(f"/proc/{postgres.pid}/status").read_text()
    uid = int(status.split("Uid:")[1].split()[0])
    assert uid != 0
    assert uid == (os.geteuid() or 65534)


def test_it_listens_on_loopback_only(postgres: PostgresServer) -> None:
    """The server listens on loopback alone, and leaves no socket file."""
    with _connect(postgres.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_its_log_holds_no_statement_and_no_row(postgres: PostgresServer, database_url: str) -> None:
    """A failing statement is logged by its error alone."""
    with _connect(database_url) as connection:
        connection.execute("CREATE TABLE tried (words text CHECK (length(words) < 3))")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO tried VALUES ('canary phrase')")
    log = postgres.log.read_text()
    assert "tried_words_check" in log
    assert "canary phrase" not in log


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill])
def test_committed_rows_survive_its_end(own_server: PostgresServer, end: Callable[[PostgresServer], None]) -> None:
    """A server that was stopped or killed, with a client connected, has the same rows at the same address."""
    own_server.start()
    url = own_server.url
    connection = _connect(url)
    connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    connection.execute("INSERT INTO kept VALUES (1)")
    end(own_server)
    connection.close()
    with own_server, _connect(url) as again:
        assert again.execute("SELECT n FROM kept").fetchall() == [(1,)]
    assert not list(Path("/dev/shm").glob("PostgreSQL*"))


def test_data_of_an_earlier_run_are_there_on_a_new_port(own_server: PostgresServer) -> None:
    """The second demo still has the first demo's sessions and its password."""
    with own_server as first, _connect(first.url) as connection:
        connection.execute("CREATE TABLE kept ()")
    with PostgresServer(own_server.data_dir) as second, _connect(second.url) as connection:
        assert second.url != own_server.url
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_each_test_has_an_empty_database_of_its_own(database_url: str, create_database: Callable[[str], str]) -> None:
    """Each test has an empty database of its own, or one with the tables of a template."""
    with _connect(database_url) as connection:
        count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        assert connection.execute(count).fetchone() == (0,)
        connection.execute("CREATE TABLE made ()")
    copy = create_database(database_url.rpartition("/")[2])
    assert copy != database_url
    with _connect(copy) as connection:
        assert connection.execute(count).fetchone() == (1,)


def test_the_lock_of_a_killed_server_is_dropped_when_its_number_is_somebody_elses(tmp_path: Path) -> None:
    """Process ids repeat; PostgreSQL would refuse to start next to any program of that number."""
    lock = tmp_path / "postmaster.pid"
    _remove_stale_pid_file(tmp_path)
    lock.write_text(f"{os.getpid()}\n/somewhere\n")
    _remove_stale_pid_file(tmp_path)
    assert not lock.exists()


def test_the_lock_of_a_running_server_stays(postgres: PostgresServer) -> None:
    """The lock of a running server is kept, because two servers on one data directory would destroy it."""
    _remove_stale_pid_file(postgres.data_dir / "data")
    assert (postgres.data_dir / "data" / "postmaster.pid").exists()


def test_folders_are_opened_to_pass_and_not_to_list(tmp_path: Path) -> None:
    """Closed folders of root are opened so that the server's user may pass but not list them, and they are named."""
    closed = tmp_path / "closed"
    inside = closed / "inside"
    inside.mkdir(parents=True)
    inside.chmod(0o700)
    closed.chmod(0o700)
    opened = allow_traversal(inside)
    assert opened[:2] == [inside, closed]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert allow_traversal(inside) == []


def test_without_the_wheel_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to run."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingRequirement, match="make setup-local"):
        wheel_binaries()
