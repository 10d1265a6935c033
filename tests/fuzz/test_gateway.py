"""Any bytes at all, in body and headers, signed or not: an answer of ours, and nothing published but events."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.adapters.webhook import StandardWebhook
from plugin.gateway.app import Gateway, application
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from stream.runtime.health import Health
from stream.runtime.logging import configure
from stream.runtime.settings import Gateway as GatewaySettings
from stream.runtime.settings import Tenant
from tests.fuzz.asgi import RawRequest, ask
from tests.fuzz.deliveries import SECRET, TENANT, Deliveries
from tests.fuzz.outcomes import Run, note
from tests.fuzz.strategies import CANARY, nested, rubbish, spoiled
from tests.plugin.adapters.adapters_under_test import NOW
from tests.plugin.gateway.gateways import BENCH, Broker, message

ANSWERS = {202, 401, 413, 422}
header = st.tuples(
    st.sampled_from(
        [b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"content-length", b"traceparent", b"x"]
    )
    | st.binary(min_size=1, max_size=10).map(bytes.lower),
    st.binary(max_size=60) | st.just(CANARY.encode()),
)
paths = st.sampled_from([TENANT, "nobody", "", "..", "a/b", "%00", "\u00e4", CANARY]) | st.text(max_size=10)


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Only what is an error of ours is said."""
    configure("error", stage="gateway")


def gateway(broker: Broker) -> Any:
    """The real application on a broker in memory; it takes NOW for the time."""
    tenant = {"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(b"k" * 32).decode()}
    return application(
        Gateway(
            settings=GatewaySettings(),
            tenants=known_tenants({TENANT: Tenant.model_validate(tenant)}),
            adapter=StandardWebhook(),
            publisher=broker,
            repeats=Repeats(600, lambda: 0.0),
            now=lambda: NOW,
        ),
        Health("kafka"),
    )


def signed(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Headers that hold."""
    headers = BENCH.sign(raw, NOW, SECRET)
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@settings(max_examples=150, deadline=None)
@given(body=rubbish, headers=st.lists(header, max_size=6), tenant=paths)
async def test_unsigned_rubbish_is_denied(body: bytes, headers: list[tuple[bytes, bytes]], tenant: str) -> None:
    """Whatever it is, and whoever it is for."""
    broker = Broker()
    answer = await ask(gateway(broker), RawRequest(f"/v1/{tenant}/events", headers, (body,)))
    assert answer.status in {401, 404, 413}
    assert CANARY.encode() not in answer.body
    assert broker.records == []


@settings(max_examples=150, deadline=None)
@given(data=st.data())
async def test_signed_rubbish_is_refused_with_a_reason_or_is_an_event(data: st.DataObject) -> None:
    """What is published can be read again; what is refused is told by reason and place."""
    good = message(1, "hello")
    body = data.draw(rubbish | spoiled(json.dumps(good).encode()) | nested(good).map(lambda v: json.dumps(v).encode()))
    more = data.draw(st.lists(header, max_size=3))
    broker = Broker()
    answer = await ask(gateway(broker), RawRequest(f"/v1/{TENANT}/events", [*signed(body), *more], (body,)))
    assert answer.status in ANSWERS
    content = json.loads(answer.body)
    if answer.status == 422:
        assert content["error"]
        assert content["place"]
        assert CANARY not in answer.body.decode()
    assert len(broker.records) == (answer.status == 202 and content["outcome"] == "published")


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
async def test_generated_deliveries_are_answered_as_expected(seed: int) -> None:
    """The same deliveries as in `make fuzz`, without a broker."""
    source, run, broker = Deliveries(seed, now=lambda: NOW), Run(), Broker()
    app = gateway(broker)
    for _ in range(20):
        delivery = source.next()
        note(run, delivery, await ask(app, delivery.request))
    assert run.wrong == []
    assert len(broker.records) == run.on_topic.total()
