"""Tests of the commands of the supervisor queue, run as an operator runs them."""

import base64

import pytest

from plugin.database.engine import connect
from plugin.local.loopback import free_ports
from plugin.queue.store import open_store
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.settings import DatabaseSettings, Settings
from tests.fixtures.command import Done, run_command
from tests.plugin.samples import KEK, PASSWORD, SAID, apply_records, record

KEY = base64.b64encode(KEK.secret).decode()


def counterpoint(url: str, *arguments: str, typed: str = "") -> Done:
    """Run a command with a database and a platform in its settings."""
    environment = {
        "COUNTERPOINT_DATABASE__URL": url,
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
        "COUNTERPOINT_TENANTS": f'{{"sample": {{"pseudonym_key": "{KEY}"}}}}',
        "COLUMNS": "200",
    }
    return run_command(*arguments, env=environment, stdin=typed)


def test_from_an_empty_database_to_a_digest(database_url: str) -> None:
    """An operator can migrate, add people and print a digest, and no password is printed."""
    for said in ("migrations applied", "The database is up to date."):
        assert said in counterpoint(database_url, "migrate").stdout
    people = [
        counterpoint(
            database_url, "users", "add", "mara", "--role", "supervisor", "--tenant", "sample", typed=PASSWORD
        ),
        counterpoint(
            database_url,
            *("users", "add", "ana", "--role", "therapist", "--team", "north"),
            *("--tenant", "sample", "--counsellor", "platform-user-7"),
            typed=PASSWORD,
        ),
    ]
    assert [(made.returncode, made.stderr) for made in people] == [(0, ""), (0, "")]
    engine = connect(database_url)
    apply_records(engine, record())
    engine.dispose()
    shown = counterpoint(database_url, "digest", "--for", "mara", "--since", "2020-01-01", typed=PASSWORD)
    assert shown.returncode == 0
    assert SAID[0] in shown.stdout
    assert PASSWORD not in shown.stdout + "".join(made.stdout for made in people)


def test_an_error_is_a_message_and_a_status(queue_url: str) -> None:
    """A digest for an unknown user fails with a message and a status, without a traceback."""
    wrong = counterpoint(queue_url, "digest", "--for", "nobody", typed=PASSWORD)
    assert wrong.returncode != 0
    assert "There is no account with this name and password" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize("key", [None, "", "c2hvcnQ=", "not base64!"])
def test_the_store_does_not_open_without_a_usable_key(queue_url: str, key: str | None) -> None:
    """Opening the store without a usable key is refused with the setting's name and without its value."""
    settings = Settings(database=DatabaseSettings.model_validate({"url": queue_url, "key_encryption_key": key}))
    with pytest.raises(Misconfigured, match=r"database\.key_encryption_key") as caught:
        open_store(settings)
    assert not key or key not in str(caught.value)


def test_the_store_opens_without_a_database_and_says_that_it_is_away() -> None:
    """The store opens without a database, and its ping raises Unavailable: the page starts and is not ready."""
    (port,) = free_ports(1)
    url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing"
    settings = Settings(database=DatabaseSettings.model_validate({"url": url, "key_encryption_key": KEY}))
    with open_store(settings) as store, pytest.raises(Unavailable):
        store.ping()
