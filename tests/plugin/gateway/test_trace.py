"""The trace of a request goes on from the gateway: the platform's own, or one that begins here."""

import pytest
from structlog.testing import capture_logs

from stream.runtime.trace import HEADER, carried, trace_id
from tests.plugin.gateway.gateways import Bench, message

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traces(bench: Bench) -> list[bytes | None]:
    """What the records carry."""
    return [dict(record.headers).get(HEADER) for record in bench.broker.records]


async def test_the_platforms_own_trace_goes_on() -> None:
    """As it came."""
    bench = Bench()
    assert (await bench.post(message(), traceparent=TRACE)).status_code == 202
    assert traces(bench) == [TRACE.encode()]


@pytest.mark.parametrize("given", ["", "canary phrase", TRACE.upper(), TRACE + "-canary"])
async def test_what_is_no_trace_is_left_behind_and_another_begins(given: str) -> None:
    """Nothing that somebody wrote travels in it, and nothing is refused for it."""
    bench = Bench()
    assert (await bench.post(message(), traceparent=given)).status_code == 202
    (found,) = traces(bench)
    assert found is not None
    assert found == carried([(HEADER, found)])
    assert found != TRACE.encode()


async def test_two_requests_without_one_have_two() -> None:
    """Each can be followed by itself."""
    bench = Bench()
    await bench.post(message(1))
    await bench.post(message(2))
    assert len(set(traces(bench))) == 2


async def test_a_refused_delivery_is_logged_under_its_trace() -> None:
    """So that a platform's operator and ours speak of the same request."""
    bench = Bench()
    with capture_logs() as logs:
        answer = await bench.post(message(), tenant="sample", traceparent=TRACE, **{"webhook-signature": "v1,wrong"})
    assert answer.status_code == 401
    assert {line["trace_id"] for line in logs if line["event"] == "delivery_denied"} == {trace_id(TRACE.encode())}
