"""Tests of PostgreSQL over TLS, on the distribution's server; `make test-tls` runs them, `make test` does not.

The server that `make test` starts comes from a wheel that was built without OpenSSL.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from plugin.check import check_deployment
from plugin.database.engine import connect
from plugin.database.migrate import pending_migrations, upgrade
from plugin.local.environment_variables import environment_variables
from plugin.local.postgres import PostgresServer, SystemPostgres, system_binaries
from tests.fixtures.certificates import CertificateAuthority

ENCRYPTED = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture(scope="module")
def server(run_dir: Path, authority: CertificateAuthority) -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server that accepts connections over TLS only."""
    certificate, key = authority.issue("postgres")
    system = SystemPostgres(system_binaries(), certificate, key)
    with PostgresServer(run_dir / "postgres-tls", system=system) as running:
        yield running


@pytest.fixture(scope="module")
def url(server: PostgresServer, authority: CertificateAuthority) -> str:
    """Return the database URL in the form that docs/tls.md recommends."""
    return f"{server.url}?sslmode=verify-full&sslrootcert={authority.file}"


def test_the_connection_is_encrypted_and_the_server_is_who_it_says(url: str) -> None:
    """With `verify-full` the connection is encrypted, and the server's authority and name are checked."""
    engine = connect(url)
    with engine.connect() as connection:
        encrypted, version = connection.execute(text(ENCRYPTED)).one()
    engine.dispose()
    assert encrypted
    assert version in {"TLSv1.2", "TLSv1.3"}


def test_the_migrations_run_over_it(url: str) -> None:
    """The migrations run over TLS with the same URL."""
    upgrade(url)
    assert pending_migrations(url) == []


def test_without_tls_nobody_is_let_in(server: PostgresServer) -> None:
    """The server refuses a client that connects without TLS."""
    _refused(connect(f"{server.url}?sslmode=disable"), "no encryption")


def test_a_client_that_does_not_ask_for_tls_gets_it_all_the_same(server: PostgresServer) -> None:
    """A client with `sslmode=allow`, which tries without TLS first, is connected over TLS."""
    engine = connect(f"{server.url}?sslmode=allow")
    with engine.connect() as connection:
        assert connection.execute(text(ENCRYPTED)).one().ssl
    engine.dispose()


def test_a_server_certificate_of_another_authority_is_refused(
    server: PostgresServer, untrusted_authority: CertificateAuthority
) -> None:
    """A client refuses a server whose certificate was signed by another authority than its own."""
    _refused(
        connect(f"{server.url}?sslmode=verify-full&sslrootcert={untrusted_authority.file}"), "certificate verify failed"
    )


def test_an_expired_or_unknown_certificate_is_refused(
    run_dir: Path, authority: CertificateAuthority, untrusted_authority: CertificateAuthority
) -> None:
    """A client refuses servers with an expired certificate or one of an unknown authority."""
    for maker, name, expired in ((authority, "postgres-late", True), (untrusted_authority, "postgres-strange", False)):
        certificate, key = maker.issue(name, expired=expired)
        system = SystemPostgres(system_binaries(), certificate, key)
        with PostgresServer(run_dir / name, system=system) as running:
            url = f"{running.url}?sslmode=verify-full&sslrootcert={authority.file}"
            _refused(connect(url), "certificate verify failed")  # libpq says no more than that


def test_check_says_that_the_database_cannot_be_reached(
    server: PostgresServer, untrusted_authority: CertificateAuthority
) -> None:
    """`check_deployment` reports that the database cannot be reached, with a remedy and without the password."""
    wrong = f"{server.url}?sslmode=verify-full&sslrootcert={untrusted_authority.file}"
    with environment_variables(COUNTERPOINT_DATABASE__URL=wrong):
        (finding,) = (finding for finding in check_deployment() if finding.subject == "database")
    assert finding.remedy is not None
    assert (server.data_dir / "password").read_text().strip() not in f"{finding}"


def _refused(engine: Engine, reason: str) -> None:
    try:
        with pytest.raises(OperationalError, match=reason):
            engine.connect()
    finally:
        engine.dispose()
