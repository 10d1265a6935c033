"""Tests of the table of the stages."""

from typing import Any, get_args

import pytest

from stream.contracts.topics import (
    FEEDBACK,
    MEASURES,
    MESSAGES,
    OPEN_SESSIONS_CHANGELOG,
    OUTCOMES,
    RISK,
    SESSIONS,
    TRANSCRIPTS,
)
from stream.runtime import stages
from stream.runtime.settings import Settings, StageName
from stream.runtime.stages import STAGES, used_stages


def test_the_table_has_every_name_that_the_settings_know() -> None:
    """The table has each stage name of the settings once, in the order in which an event passes the stages."""
    assert tuple(stage.name for stage in STAGES) == get_args(StageName)


def test_a_stage_reads_what_the_stage_before_it_writes() -> None:
    """Stages read all topics that a stage before them writes for them, and `hear` what the stream reads."""
    assert {stage.name: stage.topics for stage in STAGES} == {
        "gateway": (),
        "stream": (MESSAGES,),
        "feedback": (SESSIONS,),
        "measures": (TRANSCRIPTS,),
        "sink": (FEEDBACK, RISK, OUTCOMES, MEASURES),
        "web": (),
        "hear": (MESSAGES,),
        "deliver": (RISK,),
    }


def test_a_stage_reads_in_its_own_group_or_in_one_for_each_receiver() -> None:
    """A stage that reads has a group of its name, `deliver` one for each platform that takes risk signals."""
    tenants = {name: {"risk": RECEIVER} for name in ("riverside", "harbour")} | {"quiet": {}}
    given = Settings.model_validate({"tenants": tenants})
    assert {stage.name: stage.groups(given) for stage in STAGES} == {
        "gateway": (),
        "stream": ("counterpoint-stream",),
        "feedback": ("counterpoint-feedback",),
        "measures": ("counterpoint-measures",),
        "sink": ("counterpoint-sink",),
        "web": (),
        "hear": ("counterpoint-hear",),
        "deliver": ("counterpoint-deliver-harbour", "counterpoint-deliver-riverside"),
    }
    assert stages.DELIVER.groups(Settings()) == ()


def test_names_on_the_broker_never_change() -> None:
    """The names of the stages on the broker are fixed, since users, groups and the changelog have them."""
    assert [stage.kafka_id for stage in STAGES] == [
        "counterpoint-gateway",
        "counterpoint-stream",
        "counterpoint-feedback",
        "counterpoint-measures",
        "counterpoint-sink",
        "counterpoint-web",
        "counterpoint-hear",
        "counterpoint-deliver",
    ]
    assert OPEN_SESSIONS_CHANGELOG.startswith(f"{stages.STREAM.kafka_id}-")


def test_each_stage_has_an_address_of_its_own() -> None:
    """With the default settings no two stages have the same address."""
    assert len({stage.address(Settings()) for stage in STAGES}) == len(STAGES)


OPTIONAL = {"measures", "hear", "deliver"}
RECEIVER = {"receiver": {"url": "https://protocol.example/signals"}}


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, set()),
        ({"delivery": {"mail": {"host": "mail.example", "sender": "counterpoint@service.example"}}}, {"deliver"}),
        ({"delivery": {"receivers_key": "a key"}}, {"deliver"}),
        ({"measures": {"enabled": True}}, {"measures"}),
        ({"tenants": {"riverside": {"risk": RECEIVER}}}, {"deliver"}),
        ({"tenants": {"riverside": {"risk": RECEIVER | {"reader": "sure"}}}}, {"hear", "deliver"}),
    ],
)
def test_what_not_every_service_has_needs_a_setting(given: dict[str, Any], used: set[str]) -> None:
    """`deliver` is used where digests or risk signals go out, `hear` where the reader is to hear.

    `measures` is used where the settings turn measures on, and the others always.
    """
    expected = [stage for stage in STAGES if stage.name in used or stage.name not in OPTIONAL]
    assert list(used_stages(Settings.model_validate(given))) == expected
