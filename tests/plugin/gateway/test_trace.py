"""Tests of the trace of a request in the gateway: the platform's own trace, or a new one."""

import pytest
from structlog.testing import capture_logs

from stream.runtime.trace import HEADER, trace_id, traceparent_of
from tests.plugin.gateway.gateways import GatewayHarness, message

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traces(harness: GatewayHarness) -> list[bytes | None]:
    """Return the traceparent headers of the records."""
    return [dict(record.headers).get(HEADER) for record in harness.publisher.records]


async def test_the_platforms_own_trace_goes_on() -> None:
    """The platform's own traceparent is copied to the record."""
    harness = GatewayHarness()
    assert (await harness.post(message(), traceparent=TRACE)).status_code == 202
    assert traces(harness) == [TRACE.encode()]


@pytest.mark.parametrize("given", ["", "canary phrase", TRACE.upper(), TRACE + "-canary"])
async def test_an_invalid_trace_is_replaced_by_a_new_one(given: str) -> None:
    """An invalid traceparent is replaced by a new one, and the delivery is accepted."""
    harness = GatewayHarness()
    assert (await harness.post(message(), traceparent=given)).status_code == 202
    (found,) = traces(harness)
    assert found is not None
    assert found == traceparent_of([(HEADER, found)])
    assert found != TRACE.encode()


async def test_two_requests_without_one_have_two() -> None:
    """Two requests without a traceparent get different traces."""
    harness = GatewayHarness()
    await harness.post(message(1))
    await harness.post(message(2))
    assert len(set(traces(harness))) == 2


async def test_a_refused_delivery_is_logged_under_its_trace() -> None:
    """The log line of a denied delivery has its trace id, so that both operators find the same request."""
    harness = GatewayHarness()
    with capture_logs() as logs:
        answer = await harness.post(message(), tenant="sample", traceparent=TRACE, **{"webhook-signature": "v1,wrong"})
    assert answer.status_code == 401
    assert {line["trace_id"] for line in logs if line["event"] == "delivery_denied"} == {trace_id(TRACE.encode())}
