"""Tests of the table of the stages."""

from typing import get_args

from stream.contracts.topics import FEEDBACK, MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS
from stream.runtime import stages
from stream.runtime.settings import Settings, StageName
from stream.runtime.stages import STAGES, used_stages


def test_the_table_has_every_name_that_the_settings_know() -> None:
    """The table has each stage name of the settings once, in the order in which an event passes the stages."""
    assert tuple(stage.name for stage in STAGES) == get_args(StageName)


def test_a_stage_reads_what_the_stage_before_it_writes() -> None:
    """The stream, feedback and sink stages each read the topic of the stage before; the others read none."""
    assert {stage.name: stage.topic for stage in STAGES} == {
        "gateway": None,
        "stream": MESSAGES,
        "feedback": SESSIONS,
        "sink": FEEDBACK,
        "web": None,
        "deliver": None,
    }


def test_names_on_the_broker_never_change() -> None:
    """The names of the stages on the broker are fixed, since users, groups and the changelog have them."""
    assert [stage.kafka_id for stage in STAGES] == [
        "counterpoint-gateway",
        "counterpoint-stream",
        "counterpoint-feedback",
        "counterpoint-sink",
        "counterpoint-web",
        "counterpoint-deliver",
    ]
    assert OPEN_SESSIONS_CHANGELOG.startswith(f"{stages.STREAM.kafka_id}-")


def test_each_stage_has_an_address_of_its_own() -> None:
    """With the default settings no two stages have the same address."""
    assert len({stage.address(Settings()) for stage in STAGES}) == len(STAGES)


def test_what_goes_out_needs_a_stage() -> None:
    """Without a receiver every stage but `deliver` is used; with one of digests or of risk signals that one too."""
    assert [stage.name for stage in used_stages(Settings())] == [
        stage.name for stage in STAGES if stage.name != "deliver"
    ]
    for given in (
        {"delivery": {"mail": {"host": "mail.example", "sender": "counterpoint@service.example"}}},
        {"delivery": {"receivers_key": "a key"}},
        {"tenants": {"riverside": {"risk": {"receiver": {"url": "https://protocol.example/signals"}}}}},
    ):
        assert used_stages(Settings.model_validate(given)) == STAGES
