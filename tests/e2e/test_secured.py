"""A session passes all stages on a broker with TLS and ACLs, each stage as its own user with its own password."""

from collections.abc import Callable, Iterator

import pytest

from plugin.local import all_stages
from plugin.local.database_roles import create_stage_roles
from plugin.local.stage_process import StageProcess
from tests.e2e.conversations import RESISTANT, send_lines
from tests.fixtures.secured_kafka import SecuredKafka
from tests.fixtures.system import RECORD_STAGES, RunningSystem
from tests.fixtures.waiting import wait_until


@pytest.fixture(scope="module")
def system(secured_kafka: SecuredKafka, start_system: Callable[..., RunningSystem]) -> Iterator[RunningSystem]:
    """Start the web stage with the settings of the set-up user, and each other stage with those of its own user."""
    on = {"COUNTERPOINT_MEASURES__ENABLED": "true"}
    running = start_system(kafka=secured_kafka, names=["web"], **secured_kafka.env("setup"), **on)
    stages = [_stage_with_own_user(running, secured_kafka, name) for name in (*RECORD_STAGES, "measures")]
    try:
        all_stages.start_all(stages, lambda _line: None)
        yield running
    finally:
        all_stages.stop_all(stages)


def test_a_session_passes_from_the_webhook_to_its_row(system: RunningSystem) -> None:
    """A session passes from the webhook to its row, and is measured, so no stage lacks a right that it needs."""
    conversation = system.new_conversation()
    send_lines(conversation, RESISTANT)
    conversation.end()
    wait_until(conversation.sessions, "the session is in the queue")
    (session,) = conversation.sessions()
    assert session["left_out"] is None
    assert session["counts"]["messages"] == len(RESISTANT)
    measured = "SELECT revision, jsonb_array_length(turns) FROM measures WHERE session_id = :s"
    wait_until(lambda: system.rows(measured, s=session["session_id"]), "the session is measured")
    assert system.rows(measured, s=session["session_id"]) == [(session["revision"], len(RESISTANT))]


def _stage_with_own_user(system: RunningSystem, broker: SecuredKafka, name: str) -> StageProcess:
    web = system.stages["web"]
    env = {**web._env, **broker.env(name)}
    made = all_stages.stage_processes(system.settings, web.data_dir, env, create_stage_roles(system.database_url))
    (stage,) = (one for one in made if one.name == name)
    return stage
