"""Tests of telling a receiver of risk signals: when it is told again, when not any more, and what operators see."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from plugin.local.loopback import free_ports
from plugin.outbound.risk_delivery import ReceiverTroubles, RiskDelivery
from plugin.outbound.webhook import signed_webhook
from stream.contracts.errors import Poison, Unavailable
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.settings import WebhookReceiverSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.outbound.risk_signals import AT, PARTITIONS, TENANT, conversation_on, raw, signal
from tests.plugin.outbound.servers import Hook, webhook_server
from tests.plugin.outbound.test_webhook import SECRET


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Yield a receiver."""
    with webhook_server() as opened:
        yield opened


class Platform:
    """A platform's delivery, with a clock that the test moves."""

    def __init__(self, url: str, tenant: str = TENANT, health: Health | None = None) -> None:
        self.now = AT
        self.health = health or Health()
        self.troubles = ReceiverTroubles(self.health)
        settings = WebhookReceiverSettings(url=url, secrets=(SecretStr(SECRET),))
        self.delivery = RiskDelivery(
            tenant,
            signed_webhook("x", settings, lambda: datetime.now(UTC), timeout_s=DEADLOCK_S),
            self.troubles,
            partitions=PARTITIONS,
            give_up_after_s=900,
            now=lambda: self.now,
        )

    def trouble(self) -> str | None:
        """What /readyz says of the receivers."""
        return self.health.troubles().get(ReadinessPart.RECEIVER)


def counted(outcome: str, tenant: str = TENANT) -> float:
    """Return how many tries had an outcome."""
    labels = {"tenant": tenant, "outcome": outcome}
    return REGISTRY.get_sample_value("counterpoint_risk_deliveries_total", labels) or 0


def test_a_signal_reaches_its_receiver_signed(hook: Hook) -> None:
    """The receiver gets one request, which the library of the standard verifies, with the signal's own id."""
    before = counted("delivered")
    platform = Platform(hook.url)
    platform.delivery.handle(raw(signal()))
    ((headers, body),) = hook.requests
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    assert headers["webhook-id"] == str(signal().event_id)
    assert platform.trouble() is None
    assert counted("delivered") == before + 1


def test_what_is_of_another_platform_is_none_of_its_business(hook: Hook) -> None:
    """A record of another platform is done at once, whatever it holds, and so is one without a key."""
    delivery = Platform(hook.url).delivery
    delivery.handle(raw(signal(tenant="meadow")))
    delivery.handle(raw(signal(tenant=f"{TENANT}-2")))
    delivery.handle(replace(raw(signal()), key=None))
    assert hook.requests == []


def test_what_is_not_taken_comes_again_after_growing_pauses(hook: Hook) -> None:
    """A signal that is not taken is asked for again, later each time, until it is taken; then all is well again."""
    platform = Platform(hook.url)
    hook.statuses += [503, 500, 302]
    pauses = []
    for _ in range(3):
        with pytest.raises(Unavailable) as held:
            platform.delivery.handle(raw(signal()))
        pauses.append(held.value.retry_after)
    assert pauses == [1, 2, 5]
    assert platform.trouble() == f"The risk receiver of {TENANT} takes no signal: it answered 302."
    platform.delivery.handle(raw(signal()))
    assert platform.trouble() is None
    hook.statuses.append(503)
    with pytest.raises(Unavailable) as held:
        platform.delivery.handle(raw(signal("m-2")))
    assert held.value.retry_after == 1
    assert len({body for _, body in hook.requests[:4]}) == 1
    assert len({headers["webhook-id"] for headers, _ in hook.requests[:4]}) == 1


def test_each_partition_has_its_own_pauses(hook: Hook) -> None:
    """The pauses of one signal say nothing of another conversation's."""
    platform = Platform(hook.url)
    hook.statuses += [400] * 3
    one, other = (signal(conversation_id=conversation_on(partition)) for partition in range(2))
    pauses = []
    for each in (one, one, other):
        with pytest.raises(Unavailable) as held:
            platform.delivery.handle(raw(each))
        pauses.append(held.value.retry_after)
    assert pauses == [1, 2, 1]


def test_a_receiver_that_is_away_is_named(hook: Hook) -> None:
    """A receiver that does not answer is named on /readyz, beside others and by its platform."""
    (port,) = free_ports(1)
    platform = Platform(f"http://127.0.0.1:{port}/")
    with pytest.raises(Unavailable):
        platform.delivery.handle(raw(signal()))
    platform.troubles.set("meadow", "The risk receiver of meadow takes no signal: it answered 500.")
    assert platform.trouble() == (
        f"The risk receiver of {TENANT} takes no signal: it does not answer."
        " The risk receiver of meadow takes no signal: it answered 500."
    )
    platform.troubles.set(TENANT, None)
    assert platform.trouble() == "The risk receiver of meadow takes no signal: it answered 500."
    assert hook.requests == []


def test_what_waited_too_long_is_tried_once_more_and_given_up(hook: Hook) -> None:
    """After its time a signal is tried a last time; if it is not taken it can only be replayed by a person."""
    before = counted("given_up")
    platform = Platform(hook.url)
    hook.statuses += [503, 204]
    with pytest.raises(Poison) as dead:
        platform.delivery.handle(raw(signal(), waited_s=900))
    assert dead.value.reason is DeadLetterReason.NOT_DELIVERED
    assert counted("given_up") == before + 1
    assert platform.trouble() is not None
    platform.delivery.handle(raw(signal("m-2"), waited_s=7_200))
    assert len(hook.requests) == 2


def test_a_signal_that_cannot_be_read_is_poison(hook: Hook) -> None:
    """A record that is no signal, or stands on another partition, is refused without a request."""
    delivery = Platform(hook.url).delivery
    good = raw(signal())
    for wrong in (replace(good, value=b"{"), replace(good, partition=1 - good.partition)):
        with pytest.raises(Poison):
            delivery.handle(wrong)
    assert hook.requests == []


def test_the_time_from_the_append_is_measured(hook: Hook) -> None:
    """What is measured is the time from the message's append to the receiver's answer."""
    by_lexicon = {"heard_by": "lexicon"}
    before = REGISTRY.get_sample_value("counterpoint_risk_seconds_sum", by_lexicon) or 0
    platform = Platform(hook.url)
    platform.now = AT + timedelta(seconds=3)
    platform.delivery.handle(raw(signal()))
    assert REGISTRY.get_sample_value("counterpoint_risk_seconds_sum", by_lexicon) == before + 3


def test_the_log_names_the_signal_and_not_what_it_is_about(hook: Hook) -> None:
    """A line of the log has the ids and the outcome of a try, and neither concern nor message."""
    with capture_logs() as lines:
        Platform(hook.url).delivery.handle(raw(signal()))
    (line,) = lines
    assert (line["event_id"], line["state"], line["status"]) == (str(signal().event_id), "delivered", 204)
    assert "suicide" not in str(line)
    assert "m-1" not in str(line)
