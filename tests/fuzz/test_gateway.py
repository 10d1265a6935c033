"""Tests of the gateway with arbitrary bytes in body and headers: it answers by its rules and publishes only events."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.adapter_contract import NOW
from plugin.gateway.app import Gateway, create_application
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from stream.runtime.logging import configure_logging
from stream.runtime.settings import GatewaySettings, TenantSettings
from tests.fuzz.asgi import RawRequest, send_request
from tests.fuzz.deliveries import SECRET, TENANT, Deliveries
from tests.fuzz.outcomes import FuzzRun, record_answer
from tests.fuzz.strategies import CANARY, nested, rubbish, spoiled
from tests.plugin.gateway.gateways import PLATFORM, MemoryPublisher, message

ANSWERS = {202, 401, 413, 422}
header = st.tuples(
    st.sampled_from(
        [b"svix-id", b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"content-length", b"traceparent", b"x"]
    )
    | st.binary(min_size=1, max_size=10).map(bytes.lower),
    st.binary(max_size=60) | st.just(CANARY.encode()),
)
paths = st.sampled_from([TENANT, "nobody", "", "..", "a/b", "%00", "\u00e4", CANARY]) | st.text(max_size=10)


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Log errors only."""
    configure_logging("error", stage="gateway")


def gateway(publisher: MemoryPublisher) -> Any:
    """Return the real application with a publisher in memory and NOW as its time."""
    tenant = {"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(b"k" * 32).decode()}
    return create_application(
        Gateway(
            settings=GatewaySettings(),
            tenants=known_tenants({TENANT: TenantSettings.model_validate(tenant)}),
            publisher=publisher,
            repeats=Repeats(600, lambda: 0.0),
            now=lambda: NOW,
            clock_ahead=timedelta(seconds=120),
            clock_back=timedelta(days=1),
        )
    )


def signed(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return valid signature headers of a body."""
    headers = PLATFORM.sign(raw, NOW, SECRET)
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@settings(max_examples=150)
@given(body=rubbish, headers=st.lists(header, max_size=6), tenant=paths)
async def test_unsigned_rubbish_is_denied(body: bytes, headers: list[tuple[bytes, bytes]], tenant: str) -> None:
    """An arbitrary unsigned request is denied, and nothing is published."""
    publisher = MemoryPublisher()
    answer = await send_request(gateway(publisher), RawRequest(f"/v1/{tenant}/events", headers, (body,)))
    assert answer.status in {401, 404, 413}
    assert CANARY.encode() not in answer.body
    assert publisher.records == []


@settings(max_examples=150)
@given(data=st.data())
async def test_signed_rubbish_is_refused_with_a_reason_or_is_an_event(data: st.DataObject) -> None:
    """A signed arbitrary body is published as an event or refused with a reason and a place."""
    good = message(1, "hello")
    body = data.draw(rubbish | spoiled(json.dumps(good).encode()) | nested(good).map(lambda v: json.dumps(v).encode()))
    more = data.draw(st.lists(header, max_size=3))
    publisher = MemoryPublisher()
    answer = await send_request(gateway(publisher), RawRequest(f"/v1/{TENANT}/events", [*signed(body), *more], (body,)))
    assert answer.status in ANSWERS
    content = json.loads(answer.body)
    if answer.status == 422:
        assert content["error"]
        assert content["place"]
        assert CANARY not in answer.body.decode()
    assert len(publisher.records) == (answer.status == 202 and content["outcome"] == "published")


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32))
async def test_generated_deliveries_are_answered_as_expected(seed: int) -> None:
    """The deliveries of `make fuzz` are answered as expected without a broker."""
    source, run, publisher = Deliveries(seed, now=lambda: NOW), FuzzRun(), MemoryPublisher()
    app = gateway(publisher)
    for _ in range(20):
        delivery = source.next()
        record_answer(run, delivery, await send_request(app, delivery.request))
    assert run.wrong == []
    assert len(publisher.records) == run.on_topic.total()
