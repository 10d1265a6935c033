"""All stages on a broker with TLS and ACLs, each as its own user with its own password."""

from collections.abc import Callable, Iterator

import pytest

from plugin.local import up
from plugin.local.database_roles import stage_urls
from plugin.local.stage import Stage
from plugin.local.triton import Triton
from tests.e2e.conversations import RESISTANT, talk
from tests.fixtures.secured import SecuredKafka
from tests.fixtures.system import System, running_system, wait_until

STAGES = ("gateway", "stream", "feedback", "sink")


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    secured: SecuredKafka,
    create_database: Callable[..., str],
    triton: Triton,
) -> Iterator[System]:
    """The whole, with the settings of the set-up; the stages are started one by one with those of their own user."""
    with running_system(
        tmp_path_factory.mktemp("secured"), secured, create_database(), triton, names=["web"], **secured.env("setup")
    ) as running:
        stages = [_as_its_own_user(running, secured, name) for name in STAGES]
        try:
            up.start(stages, lambda _line: None)
            yield running
        finally:
            up.stop(stages)


def test_a_session_goes_all_the_way(system: System) -> None:
    """From the webhook to the row: no stage lacks a right that it needs."""
    room = system.platform()
    talk(room, RESISTANT)
    room.end()
    wait_until(room.sessions, "the session is in the queue")
    (session,) = room.sessions()
    assert session["left_out"] is None
    assert session["counts"]["messages"] == len(RESISTANT)


def _as_its_own_user(system: System, broker: SecuredKafka, name: str) -> Stage:
    web = system.stages["web"]
    env = {**web._env, **broker.env(name)}
    made = up.stages(system.settings, web.data_dir, env, stage_urls(system.database_url))
    (stage,) = (one for one in made if one.name == name)
    return stage
