"""Stages of this machine use the database as their own roles, where the server allows to make them."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.local.all_stages import stage_processes
from plugin.local.database_roles import create_stage_roles
from stream.runtime.settings import Settings


def user_of(url: str) -> str:
    """Return the user that a connection to this database has."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            return str(connection.scalar(text("SELECT current_user")))
    finally:
        engine.dispose()


def test_each_stage_logs_in_as_itself(create_database: Callable[..., str]) -> None:
    """Into every database of the server: the passwords are the server's."""
    urls = []
    for _ in range(2):
        url = create_database()
        upgrade(url)
        urls.append(create_stage_roles(url))
    for made in urls:
        assert {stage: user_of(url) for stage, url in made.items()} == {
            "sink": "counterpoint_sink",
            "web": "counterpoint_web",
            "deliver": "counterpoint_digest",
        }


def test_without_the_right_to_make_roles_all_go_on_as_the_owner(create_database: Callable[..., str]) -> None:
    """The stages connect as the owner if the user may not create roles, and a message says so."""
    url = create_database()
    upgrade(url)
    said: list[str] = []
    assert create_stage_roles(create_stage_roles(url)["web"], say=said.append) == {}
    assert "as its owner" in said[0]


def test_a_stage_with_a_url_of_its_own_gets_it(tmp_path: Path) -> None:
    """The others take the one of the settings."""
    made = {
        stage.name: stage
        for stage in stage_processes(Settings(), tmp_path, {"A": "1"}, {"sink": "postgresql+psycopg://s@h/d"})
    }
    assert made["sink"].command().env["COUNTERPOINT_DATABASE__URL"] == "postgresql+psycopg://s@h/d"
    assert made["sink"].command().env["A"] == "1"
    assert "COUNTERPOINT_DATABASE__URL" not in made["stream"].command().env
