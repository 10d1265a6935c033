"""The measure of deliveries sends what a platform sends, again until it is accepted, and counts what came of it."""

import json
from datetime import UTC, datetime
from itertools import islice

from standardwebhooks import Webhook

from bench.deliveries import SECRET, Sent, figures, is_message, message_id, payloads, send, signed
from bench.load import Load
from plugin.adapters.webhook import StandardWebhook
from stream.runtime.codec import encode
from tests.plugin.outbound.servers import webhook_server

SMALL = Load(sessions=8, messages=10, concurrent=3)


def test_a_delivery_is_one_that_the_gateway_takes() -> None:
    """Each body is an event of the generic platform, and its signature holds by the library of the standard."""
    known: set[str] = set()
    given = list(payloads(SMALL.events(), 1_000, known))
    assert len(known) == SMALL.total
    assert len(given) == SMALL.total + SMALL.sessions
    for _, body in given:
        (event,) = StandardWebhook().parse(body)
        assert event.conversation_id.startswith("c_")
    headers = signed(given[-1][0], body, int(datetime.now(UTC).timestamp()))
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)


def test_only_so_many_are_sent() -> None:
    """A number of deliveries is the length of the measure, whatever the load holds."""
    assert len(list(payloads(SMALL.events(), 7, set()))) == 7


async def test_it_delivers_again_what_was_not_accepted() -> None:
    """A refusal with Retry-After is delivered again under the same id, and every try has its time and status."""
    with webhook_server() as hook:
        hook.statuses += [503, 202, 202]
        given = islice(payloads(SMALL.events(), 2, set()), 2)
        sent = await send(hook.url, given, per_second=1_000)
    assert sorted(status for *_, status in sent.answers) == [202, 202, 503]
    assert (sent.lost, len(sent.late_ms)) == (0, 2)
    ids = [headers["webhook-id"] for headers, _ in hook.requests]
    assert sorted(ids) in (["bench-0", "bench-0", "bench-1"], ["bench-0", "bench-1", "bench-1"])


def test_the_outage_is_counted_apart() -> None:
    """Answers that came, or were waited for, while the broker was away do not count as those of a quiet time."""
    quiet = [(float(second), 5.0, 202) for second in range(99)]
    away = [(200.0, 4_000.0, 503), (230.0, 100.0, 202)]
    made = figures(Sent([*quiet, *away, (300.0, 7.0, 422)], with_retry_after=1, lost=2, late_ms=[1.0]), [198.0, 225.0])
    assert (made["answer p50, ms"], made["answer p99, ms"]) == (5.0, 7.0)
    assert made["answer p99 around the restart, ms"] == 4_000
    assert made["broker away, s"] == 27
    assert (made["answers of 503, all of them with Retry-After"], made["answers of 503 without Retry-After"]) == (1, 0)
    assert (made["other answers, or none"], made["deliveries never accepted"]) == (1, 2)


def test_messages_are_told_from_what_else_is_on_the_topic() -> None:
    """A message has an id by which it is found again; an end of a session is none."""
    events = list(SMALL.events())
    records = [encode(event) for event in events]
    found = [message_id(record.value) for record in records if is_message(record)]
    assert len(found) == len(set(found)) == SMALL.total
