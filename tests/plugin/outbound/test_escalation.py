"""Tests of the escalation of risk signals: what nobody acknowledged in time, once, until it is taken."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import Engine, text
from standardwebhooks import Webhook

from plugin.outbound.escalation import GIVEN_UP_AFTER, LEASE, Escalator
from plugin.outbound.risk_body import escalation_id
from plugin.outbound.risk_stage import escalators_of
from plugin.outbound.webhook import signed_webhook
from plugin.queue.risk_signals import RiskAction, RiskSignals
from stream.runtime.settings import Settings, WebhookReceiverSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.conftest import People
from tests.plugin.outbound.servers import Hook, webhook_server
from tests.plugin.outbound.test_webhook import SECRET
from tests.plugin.samples import START, TENANT, apply_records
from tests.plugin.sink.test_risk import signal

WITHIN_S = 600.0
TIME_IS_OVER = START + timedelta(seconds=WITHIN_S)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Yield a receiver."""
    with webhook_server() as opened:
        yield opened


class Desk:
    """An escalator with a clock that the test moves, under the role of `counterpoint deliver`."""

    def __init__(self, engine: Engine, url: str, tenant: str = TENANT) -> None:
        self.now = TIME_IS_OVER
        settings = WebhookReceiverSettings(url=url, secrets=(SecretStr(SECRET),))
        receiver = signed_webhook("x", settings, lambda: datetime.now(UTC), timeout_s=DEADLOCK_S)
        self.escalator = Escalator(engine, tenant, receiver, WITHIN_S, now=lambda: self.now)

    def unacknowledged(self) -> float | None:
        """Measure, and return what the metric says."""
        self.escalator.measure()
        return REGISTRY.get_sample_value("counterpoint_risk_unacknowledged", {"tenant": TENANT})


@pytest.fixture
def desk(role_engines: Mapping[str, Engine], hook: Hook) -> Desk:
    """Return the escalator of the platform of the samples."""
    return Desk(role_engines["digest"], hook.url)


def test_what_nobody_acknowledged_is_escalated_once(engine: Engine, desk: Desk, hook: Hook) -> None:
    """When its time is over a signal is sent again as an escalation, signed, under an id of its own, and only once."""
    apply_records(engine, signal())
    desk.now -= timedelta(seconds=1)
    assert not desk.escalator.escalate_one()
    desk.now += timedelta(seconds=1)
    assert desk.escalator.escalate_one()
    assert not desk.escalator.escalate_one()
    ((headers, body),) = hook.requests
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    assert headers["webhook-id"] == str(escalation_id(signal().event_id))
    said = json.loads(body)
    assert (said["type"], said["data"]["id"]) == ("risk.escalated", str(signal().event_id))
    assert said["data"]["concerns"] == ["abuse", "suicide"]


def test_what_was_acknowledged_is_left(engine: Engine, desk: Desk, hook: Hook, people: People) -> None:
    """A signal that somebody acknowledged is neither escalated nor counted, before its time and after it."""
    apply_records(engine, signal(), signal("m-2"))
    assert desk.unacknowledged() == 2
    for each in (signal(), signal("m-2")):
        RiskSignals(engine, now=lambda: START).acknowledge(people.operator, each.event_id, RiskAction.CONTACTED)
    assert not desk.escalator.escalate_one()
    assert desk.unacknowledged() == 0
    assert hook.requests == []


def test_an_escalated_signal_is_counted_until_somebody_acknowledges_it(engine: Engine, desk: Desk) -> None:
    """An escalation acknowledges nothing: the signal is counted on, for a day."""
    apply_records(engine, signal())
    assert desk.escalator.escalate_one()
    assert desk.unacknowledged() == 1
    desk.now = START + GIVEN_UP_AFTER
    assert desk.unacknowledged() == 0


def test_an_escalation_that_is_not_taken_is_tried_again(engine: Engine, desk: Desk, hook: Hook) -> None:
    """A refused escalation comes again after growing pauses, with the same id, and holds no later one."""
    apply_records(engine, signal(), signal("m-2", appended_at=START + timedelta(milliseconds=1)))
    desk.now += timedelta(seconds=1)
    hook.statuses += [503, 204]
    assert not desk.escalator.escalate_one()
    assert desk.escalator.escalate_one()
    assert not desk.escalator.escalate_one()
    desk.now += timedelta(seconds=1)
    assert desk.escalator.escalate_one()
    told = [json.loads(body)["data"]["message_id"] for _, body in hook.requests]
    assert told == ["m-1", "m-2", "m-1"]
    assert hook.requests[0][0]["webhook-id"] == hook.requests[2][0]["webhook-id"]


def test_a_process_that_died_in_the_middle_leaves_it_to_another(engine: Engine, desk: Desk, hook: Hook) -> None:
    """A signal that a process took and never ended is taken again after a minute, and before that by nobody."""
    apply_records(engine, signal())
    assert desk.escalator._take() is not None  # and then it is killed
    assert not desk.escalator.escalate_one()
    desk.now += LEASE
    assert desk.escalator.escalate_one()
    assert len(hook.requests) == 1


def test_each_platform_escalates_its_own(
    engine: Engine, role_engines: Mapping[str, Engine], desk: Desk, hook: Hook
) -> None:
    """Another platform's escalator takes none of them."""
    apply_records(engine, signal())
    assert not Desk(role_engines["digest"], hook.url, "meadow").escalator.escalate_one()
    assert desk.escalator.escalate_one()


def test_who_escalates_where_is_in_the_settings(engine: Engine) -> None:
    """An escalation goes to its own receiver, or without one to that of the signals; 0 seconds mean never."""
    here, there = ({"url": f"https://{name}.example/", "secrets": [SECRET]} for name in ("a", "b"))
    tenants = {
        "meadow": {"risk": {"receiver": here}},
        "never": {"risk": {"receiver": here, "acknowledge_within_s": 0}},
        "riverside": {"risk": {"receiver": here, "escalation": there}},
        "silent": {},
    }
    escalators = escalators_of(Settings.model_validate({"tenants": tenants}), engine)
    urls = {each._tenant: each._receiver.url for each in escalators}
    assert urls == {"meadow": "https://a.example/", "riverside": "https://b.example/"}


def test_nothing_of_it_is_a_row_that_names_a_person(engine: Engine, desk: Desk) -> None:
    """After an escalation the row says when, and nobody's name."""
    apply_records(engine, signal())
    desk.escalator.escalate_one()
    with engine.connect() as connection:
        row = connection.execute(text("SELECT escalated_at, escalation_tries, acknowledged_at FROM risk_signals")).one()
    assert tuple(row) == (TIME_IS_OVER, 1, None)
