"""Tests of a gateway that serves several platforms: each is answered as it needs, and none can be found out."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest

from plugin.adapter_contract import NOW, SENT, Kind, Platform
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters import chatwoot_under_test, rocketchat_under_test, twilio_under_test
from tests.plugin.adapters.chatwoot_under_test import ChatwootPlatform, UnsignedChatwootPlatform
from tests.plugin.adapters.rocketchat_under_test import RocketChatPlatform
from tests.plugin.adapters.twilio_under_test import TwilioEventsPlatform, TwilioPlatform
from tests.plugin.gateway.gateways import PLATFORM, TENANT, GatewayHarness

KEY = base64.b64encode(b"k" * 32).decode()
CHATWOOT, OLD_CHATWOOT = ChatwootPlatform(), UnsignedChatwootPlatform()
TWILIO, TWILIO_EVENTS, ROCKETCHAT = TwilioPlatform(), TwilioEventsPlatform(), RocketChatPlatform()
SPEAKING: dict[str, Platform] = {
    "sample": PLATFORM,
    "chatwoot": CHATWOOT,
    "old-chatwoot": OLD_CHATWOOT,
    "twilio": TWILIO,
    "twilio-events": TWILIO_EVENTS,
    "rocketchat": ROCKETCHAT,
}


def tenant(settings: TenantSettings, platform: Platform) -> TenantSettings:
    """Return the settings of a tenant with a platform's secret and a key."""
    given = settings.model_dump(exclude={"webhook_secrets", "pseudonym_key"})
    return TenantSettings.model_validate(given | {"webhook_secrets": [platform.secret], "pseudonym_key": KEY})


TENANTS = {
    "sample": TENANT,
    "chatwoot": tenant(chatwoot_under_test.settings(), CHATWOOT),
    "old-chatwoot": tenant(chatwoot_under_test.settings(chatwoot={"allow_unsigned": True}), OLD_CHATWOOT),
    "twilio": tenant(twilio_under_test.settings(), TWILIO),
    "twilio-events": tenant(twilio_under_test.settings(), TWILIO_EVENTS),
    "rocketchat": tenant(rocketchat_under_test.settings(), ROCKETCHAT),
}


async def post(
    harness: GatewayHarness, name: str, kind: Kind, *, to: str = "", secret: str = "", **given: Any
) -> httpx.Response:
    """Deliver an event as the platform of a tenant, to that tenant or another one."""
    platform = SPEAKING[name]
    raw = platform.body(kind, **given)
    headers = platform.sign(raw, NOW, secret or platform.secret)
    return await harness.post_as(headers, raw, f"/v1/{to or name}/events")


@pytest.mark.parametrize("name", SPEAKING)
async def test_each_platform_is_served_in_its_own_way(name: str) -> None:
    """A talk of each platform is published, and answered with the status that the platform takes for success."""
    harness = GatewayHarness(tenants=TENANTS)
    platform = SPEAKING[name]
    for kind in (Kind.MESSAGE, Kind.REPLY, Kind.END):
        answer = await post(harness, name, kind, number=1 + (kind is Kind.REPLY))
        assert (answer.status_code, answer.json()) == (platform.adapter.accepted_status, {"outcome": "published"})
    types = [dict(record.headers)["ce_type"].decode().split(".")[1] for record in harness.publisher.records]
    assert [kind for kind in types if kind != "participants"] == ["message", "message", "session-end"]
    assert len({record.key for record in harness.publisher.records}) == 1


@pytest.mark.parametrize("name", [name for name in SPEAKING if name != "sample"])
async def test_what_nobody_needs_is_accepted_and_not_published(name: str) -> None:
    """A notice and an event of another kind are accepted as ignored, so that the platform does not send them again."""
    harness = GatewayHarness(tenants=TENANTS)
    for kind in {Kind.UNKNOWN, Kind.NOTE, Kind.BOT, Kind.TEMPLATE} - SPEAKING[name].absent:
        answer = await post(harness, name, kind)
        assert (answer.is_success, answer.json()) == (True, {"outcome": "ignored"})
    assert harness.publisher.records == []


@pytest.mark.parametrize("name", SPEAKING)
async def test_text_without_consent_reaches_no_topic(name: str) -> None:
    """A message of a client who has not consented is accepted and discarded, with the names that came with it."""
    harness = GatewayHarness(tenants=TENANTS)
    answer = await post(harness, name, Kind.UNCONSENTED)
    assert answer.json() == {"outcome": "no_consent"}
    assert harness.publisher.records == []


@pytest.mark.parametrize("name", SPEAKING)
async def test_no_answer_tells_what_a_tenant_speaks(name: str) -> None:
    """Forged and malformed deliveries of a platform get one answer, whatever tenant they are for, or nobody."""
    harness = GatewayHarness(tenants=TENANTS)
    platform = SPEAKING[name]
    raw = platform.body(Kind.MESSAGE)
    forged = platform.sign(raw, NOW, platform.other_secret)
    malformed = dict.fromkeys(forged, "x \x7f")
    for headers in (forged, malformed, {}):
        answers = [await harness.post_as(headers, raw, f"/v1/{to}/events") for to in (*TENANTS, "nobody")]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.content for answer in answers}) == 1
    assert harness.publisher.records == []


@pytest.mark.parametrize("name", SPEAKING)
async def test_a_secret_of_one_platform_opens_no_other(name: str) -> None:
    """A delivery that is good for its own tenant is denied for the tenants of other platforms."""
    harness = GatewayHarness(tenants=TENANTS)
    others = [to for to in TENANTS if type(SPEAKING[to].adapter) is not type(SPEAKING[name].adapter)]
    for to in others:
        assert (await post(harness, name, Kind.MESSAGE, to=to)).status_code == 401


@pytest.mark.parametrize("name", ["old-chatwoot", "twilio", "twilio-events", "rocketchat"])
async def test_where_no_time_is_signed_an_old_event_is_refused(name: str) -> None:
    """A recorded delivery of more than a day ago is refused, since only its events say how old it is."""
    harness = GatewayHarness(tenants=TENANTS)
    assert (await post(harness, name, Kind.MESSAGE, at=NOW - timedelta(hours=23))).is_success
    answer = await post(harness, name, Kind.MESSAGE, at=NOW - timedelta(days=1, seconds=1), number=2)
    assert (answer.status_code, answer.json()["error"]) == (422, "too_old")
    assert sum(b"sent_at" in record.value for record in harness.publisher.records) == 1


async def test_where_a_time_is_signed_an_old_event_is_taken() -> None:
    """An old message in a delivery that was signed now is taken: its sender has only been away."""
    harness = GatewayHarness(tenants=TENANTS)
    for name in ("sample", "chatwoot"):
        assert (await post(harness, name, Kind.MESSAGE, at=SENT - timedelta(days=40))).is_success


async def test_a_header_that_a_proxy_adds_changes_nothing() -> None:
    """An `Authorization` header is read only where nothing else says which platform sends."""
    harness = GatewayHarness(tenants=TENANTS)
    for name in ("sample", "chatwoot", "twilio-events", "rocketchat"):
        platform = SPEAKING[name]
        raw = platform.body(Kind.MESSAGE)
        headers = platform.sign(raw, NOW) | {"authorization": "Basic dTpw"}
        assert (await harness.post_as(headers, raw, f"/v1/{name}/events")).is_success
