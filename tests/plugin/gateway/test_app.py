"""Tests of the gateway's answers to a platform and of what it publishes."""

import asyncio
import json
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from plugin.gateway.app import MAX_IN_FLIGHT
from stream.contracts.ids import message_event_id, record_key
from stream.contracts.messages import MESSAGES_RECORDS, Message
from stream.runtime.codec import RawRecord, decode, known_types
from stream.runtime.health import ReadinessPart
from stream.runtime.settings import GatewaySettings
from tests.plugin.adapters.adapters_under_test import NOW, raw_of
from tests.plugin.gateway.gateways import PLATFORM, GatewayHarness, message

CANARY = "a canary phrase 4711"


def counted(outcome: str, tenant: str = "sample") -> float:
    """Return the counter of an outcome."""
    labels = {"tenant": tenant, "outcome": outcome}
    return REGISTRY.get_sample_value("counterpoint_gateway_events_total", labels) or 0.0


async def test_a_message_is_published_as_a_cloudevent_under_its_conversations_key() -> None:
    """A message is published as a CloudEvent in binary mode, keyed by conversation, with pseudonyms."""
    harness = GatewayHarness()
    answer = await harness.post(message(7, "hello 💬"))
    assert (answer.status_code, answer.json()) == (202, {"outcome": "published"})
    (record,) = harness.publisher.records
    raw = RawRecord("t", 0, 0, 0, record.key, record.value, record.headers)
    event = decode(raw, known_types(*MESSAGES_RECORDS))
    assert isinstance(event.data, Message)
    assert event.data.text == "hello 💬"
    assert record.key == record_key("sample", event.data.conversation_id)
    assert event.id == str(message_event_id("sample", event.data.conversation_id, "m-7", 0))
    assert not any(word in record.value for word in (b"user@example.org", b"room 17"))


async def test_each_kind_of_event_is_published() -> None:
    """The six kinds of payload become six types of records of one conversation."""
    harness = GatewayHarness()
    for payload in PLATFORM.payloads().values():
        assert (await harness.post(payload)).status_code == 202
    types = [dict(record.headers)["ce_type"] for record in harness.publisher.records]
    assert len(set(types)) == len(types) == len(PLATFORM.payloads())
    assert len({record.key for record in harness.publisher.records}) == 1


async def test_the_answer_waits_for_the_brokers_acknowledgement() -> None:
    """The gateway answers 202 only after the broker's acknowledgement."""
    harness = GatewayHarness()
    harness.publisher.open.clear()
    answer = asyncio.create_task(harness.post(message()))
    await asyncio.sleep(0.05)
    assert not answer.done()
    harness.publisher.open.set()
    assert (await answer).status_code == 202


@pytest.mark.parametrize("consent", [{}, {"processing": False}, {"processing": False, "secondary_use": True}])
@pytest.mark.parametrize("kind", ["message", "edit"])
async def test_text_without_consent_is_answered_counted_and_not_published(kind: str, consent: dict[str, bool]) -> None:
    """Text without consent is answered with `no_consent`, counted and not published."""
    harness, before = GatewayHarness(), counted("no_consent")
    answer = await harness.post(PLATFORM.payloads()[kind] | {"consent": consent})
    assert (answer.status_code, answer.json()) == (202, {"outcome": "no_consent"})
    assert harness.publisher.records == []
    assert counted("no_consent") == before + 1


async def test_what_carries_no_text_needs_no_consent() -> None:
    """Events without text are published without consent, so that a deletion is never held up."""
    harness = GatewayHarness()
    for kind in ("deletion", "participants", "consent_withdrawal", "session_end"):
        assert (await harness.post(PLATFORM.payloads()[kind])).json() == {"outcome": "published"}


class TestDenied:
    """Tests of deliveries that are denied without a reason in the answer."""

    async def test_a_wrong_signature_and_an_unknown_tenant_get_the_same_answer(self) -> None:
        """A wrong signature and an unknown tenant get the same answer, so that tenants cannot be found out."""
        harness = GatewayHarness()
        raw = raw_of(message())
        forged = await harness.client.post(
            "/v1/sample/events", content=raw, headers=PLATFORM.sign(raw, NOW, PLATFORM.other_secret)
        )
        unknown = await harness.post(raw, tenant="nobody")
        unsigned = await harness.client.post("/v1/sample/events", content=raw)
        assert forged.status_code == unknown.status_code == unsigned.status_code == 401
        assert forged.content == unknown.content == unsigned.content == b'{"error": "denied"}'
        assert forged.headers == unknown.headers == unsigned.headers
        assert harness.publisher.records == []

    async def test_an_unknown_tenants_name_is_no_label(self) -> None:
        """The name of an unknown tenant is not a metric label, since anybody could fill the metrics."""
        before = counted("denied", "unknown")
        await GatewayHarness().post(message(), tenant="made-up-name")
        assert counted("denied", "unknown") == before + 1
        assert counted("denied", "made-up-name") == 0

    async def test_a_stale_delivery_is_denied(self) -> None:
        """A delivery older than the configured tolerance is denied."""
        harness, raw = GatewayHarness(settings=GatewaySettings(timestamp_tolerance_s=10)), raw_of(message())
        headers = PLATFORM.sign(raw, NOW - timedelta(seconds=11))
        assert (await harness.client.post("/v1/sample/events", content=raw, headers=headers)).status_code == 401

    async def test_both_secrets_of_a_tenant_are_live(self) -> None:
        """A delivery signed with the tenant's second secret is accepted while the first is being replaced."""
        harness, raw = GatewayHarness(), raw_of(message())
        headers = PLATFORM.sign(raw, NOW, PLATFORM.next_secret)
        assert (await harness.client.post("/v1/sample/events", content=raw, headers=headers)).status_code == 202

    async def test_nothing_is_parsed_before_it_is_verified(self) -> None:
        """An unsigned body that is no JSON is denied, since it is verified before it is parsed."""
        assert (await GatewayHarness().post(b"\xff{", **{"webhook-signature": "v1,x"})).status_code == 401


class TestBad:
    """Tests of signed deliveries that are no valid event."""

    async def test_the_place_is_told_and_never_the_content(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A refusal names the wrong field; neither the answer nor the log contains content."""
        harness, before = GatewayHarness(), counted("bad")
        answer = await harness.post(message(text=CANARY, role=CANARY, conversation_id=CANARY))
        assert (answer.status_code, answer.json()) == (422, {"error": "bad_schema", "place": "role"})
        output = capsys.readouterr()
        assert CANARY not in answer.text + output.out + output.err
        assert counted("bad") == before + 1

    @pytest.mark.parametrize(
        ("raw", "error"),
        [
            (b"not json", "bad_json"),
            (b'{"type": "poem"}', "unknown_type"),
            (b'{"a": "\\ud800"}', "lone_surrogate"),
            (raw_of(message(text="a\x00b")), "nul"),
        ],
    )
    async def test_each_fault_has_its_code(self, raw: bytes, error: str) -> None:
        """Each kind of fault has its error code, and the next delivery is accepted."""
        harness = GatewayHarness()
        answer = await harness.post(raw)
        assert (answer.status_code, answer.json()["error"]) == (422, error)
        assert (await harness.post(message())).status_code == 202

    async def test_a_bad_delivery_is_judged_again_when_it_is_repeated(self) -> None:
        """A refusal is not remembered, so a repeated bad delivery is checked again."""
        harness = GatewayHarness()
        for _ in range(2):
            assert (await harness.post(b"{}", delivery="same")).status_code == 422

    @pytest.mark.parametrize("path", ["/", "/v1/sample", "/v1/sample/events/", "/v1//events", "/docs", "/openapi.json"])
    async def test_other_paths_are_not_served(self, path: str) -> None:
        """Other paths are not served."""
        answer = await GatewayHarness().client.post(path, content=b"{}")
        assert answer.status_code in {404, 405, 307}

    async def test_only_a_post_delivers(self) -> None:
        """A GET of the events route is answered with 405."""
        assert (await GatewayHarness().client.get("/v1/sample/events")).status_code == 405


class TestAway:
    """Tests of deliveries that cannot be stored now."""

    async def test_a_broker_that_is_away_is_a_503_with_a_time_to_come_back(self) -> None:
        """A delivery without a broker is a 503 with Retry-After, so the platform keeps the event."""
        harness, before = GatewayHarness(), counted("unavailable")
        harness.publisher.away = True
        answer = await harness.post(message())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert counted("unavailable") == before + 1

    async def test_the_retry_is_taken_when_the_broker_is_back(self) -> None:
        """A failed delivery is accepted on retry when the broker is back, and published once."""
        harness = GatewayHarness()
        harness.publisher.away = True
        assert (await harness.post(message(), delivery="d")).status_code == 503
        harness.publisher.away = False
        assert (await harness.post(message(), delivery="d")).status_code == 202
        assert len(harness.publisher.records) == 1

    async def test_too_many_at_once_are_told_to_come_back(self) -> None:
        """Too many requests at once are answered with 503 while the probes still answer."""
        harness = GatewayHarness()
        harness.publisher.open.clear()
        waiting = [asyncio.create_task(harness.post(message(number))) for number in range(MAX_IN_FLIGHT)]
        await asyncio.sleep(0.1)
        refused = await harness.post(message(-1))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await harness.client.get("/healthz")).status_code == 200
        harness.publisher.open.set()
        assert {(await answer).status_code for answer in waiting} == {202}
        assert (await harness.post(message(-1))).status_code == 202


class TestRepeated:
    """Tests of deliveries that arrive more than once."""

    async def test_a_repeat_is_answered_like_the_first_and_published_once(self) -> None:
        """A repeat with a new signature gets the first answer and is not published again."""
        harness, before = GatewayHarness(), counted("repeated")
        first = await harness.post(message(), delivery="d")
        raw = raw_of(message())
        again = await harness.client.post(
            "/v1/sample/events", content=raw, headers=PLATFORM.sign(raw, NOW + timedelta(seconds=60), delivery="d")
        )
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert len(harness.publisher.records) == 1
        assert counted("repeated") == before + 1

    async def test_a_repeat_without_consent_is_answered_like_the_first(self) -> None:
        """A repeated delivery without consent gets `no_consent` again."""
        harness = GatewayHarness()
        answers = [await harness.post(message(consent={}), delivery="d") for _ in range(2)]
        assert [answer.json() for answer in answers] == [{"outcome": "no_consent"}] * 2

    async def test_an_id_used_for_two_events_loses_neither(self) -> None:
        """Two events with the same delivery id are both published, since platforms may restart their counters."""
        harness = GatewayHarness()
        for number in (1, 2):
            assert (await harness.post(message(number), delivery="1")).status_code == 202
        assert [data["message_id"] for data in harness.publisher.data()] == ["m-1", "m-2"]

    async def test_an_event_forgotten_as_a_repeat_still_has_the_same_id(self) -> None:
        """An event that is delivered again after the cache forgot it has the same CloudEvents id."""
        harness = GatewayHarness()
        for _ in range(2):
            await harness.post(PLATFORM.payloads()["participants"], delivery="d")
            await harness.post(message(), delivery="e")
            harness.timer.seconds += 601
        ids = [dict(record.headers)["ce_id"] for record in harness.publisher.records]
        assert ids[:2] == ids[2:]


class TestBodyLimit:
    """Tests of the limit on the length of a body."""

    LIMIT = GatewaySettings(body_limit_bytes=1024)

    async def test_a_declared_length_over_the_limit_is_refused_unread(self) -> None:
        """A declared length over the limit is answered with 413."""
        answer = await GatewayHarness(settings=self.LIMIT).post(message(text="x" * 1024))
        assert answer.status_code == 413

    async def test_a_body_at_the_limit_is_read(self) -> None:
        """A body of exactly the limit is accepted."""
        raw = raw_of(message())
        raw += b" " * (1024 - len(raw))
        assert (await GatewayHarness(settings=self.LIMIT).post(raw)).status_code == 202


async def test_operators_probes_share_the_server() -> None:
    """The probes for health, readiness and metrics are served by the same application."""
    harness = GatewayHarness()
    assert (await harness.client.get("/healthz")).status_code == 200
    not_ready = await harness.client.get("/readyz")
    assert (not_ready.status_code, not_ready.json()["troubles"]) == (503, {"kafka": "starting"})
    harness.health.set(ReadinessPart.KAFKA, None)
    assert (await harness.client.get("/readyz")).status_code == 200
    assert "counterpoint_gateway_events_total" in (await harness.client.get("/metrics")).text


async def test_no_answer_echoes_the_request() -> None:
    """No answer repeats content of the request."""
    harness = GatewayHarness()
    for payload in (b'{"type": "' + CANARY.encode() + b'"}', message(text=CANARY), json.dumps(CANARY).encode()):
        assert CANARY not in (await harness.post(payload)).text
