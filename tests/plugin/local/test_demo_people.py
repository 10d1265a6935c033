"""Tests of the demo's accounts on a real database: which are added at a start, and what an earlier version lacked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from plugin.local.demo import add_people
from plugin.local.demo_settings import DAY_TEAM, USERS, demo_secrets, write_settings
from plugin.queue.store import Store, open_store
from stream.runtime.settings import Settings, load_settings


@pytest.fixture
def secret(tmp_path: Path) -> dict[str, str]:
    """Return the secrets of a demo of the test's own."""
    return demo_secrets(tmp_path)


@pytest.fixture
def settings(
    tmp_path: Path, secret: dict[str, str], engine: Engine, queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Return the settings of a demo whose database has no accounts."""
    assert engine.url.database
    file = write_settings(
        tmp_path, secret, bootstrap_servers="127.0.0.1:1", database_url=queue_url, triton_url="t:1", usual_ports=False
    )
    monkeypatch.setenv("COUNTERPOINT_FILE", str(file))
    return load_settings()


@pytest.fixture
def demo_store(settings: Settings) -> Iterator[Store]:
    """Yield the store of the demo."""
    with open_store(settings) as store:
        yield store


def teams(store: Store) -> dict[str, set[str]]:
    """Return the teams of every account."""
    return {entry.username: set(entry.teams) for entry in store.accounts.entries()}


def test_every_person_can_log_in(settings: Settings, secret: dict[str, str], demo_store: Store) -> None:
    """After the first start each of the people has the printed password and the teams of the table."""
    add_people(settings, secret)
    assert teams(demo_store) == {user.name: set(user.teams) for user in USERS}
    for user in USERS:
        assert demo_store.authenticate(user.name, secret[user.name]) is not None


def test_a_second_start_adds_nobody(settings: Settings, secret: dict[str, str], demo_store: Store) -> None:
    """A second start leaves the accounts as they are, a disabled one too."""
    add_people(settings, secret)
    demo_store.accounts.disable(demo_store.accounts.named("mira").account_id)
    before = demo_store.accounts.entries()
    add_people(settings, secret)
    assert demo_store.accounts.entries() == before


def test_the_people_of_an_earlier_version_get_their_teams(
    settings: Settings, secret: dict[str, str], demo_store: Store
) -> None:
    """A therapist whom an earlier version put into one team is in both after the next start."""
    add_people(settings, secret)
    jonas = demo_store.accounts.named("jonas")
    demo_store.accounts.change_teams(jonas.account_id, remove=[team for team in jonas.teams if team != DAY_TEAM])
    assert teams(demo_store)["jonas"] == {DAY_TEAM}
    add_people(settings, secret)
    assert teams(demo_store) == {user.name: set(user.teams) for user in USERS}
