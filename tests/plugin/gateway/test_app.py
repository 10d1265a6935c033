"""Tests of the gateway's answers to a platform and of what it publishes."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from plugin.adapter_contract import NOW
from plugin.adapters.wanted import WANTED
from plugin.gateway import body
from plugin.gateway.app import WANTED_REQUEST
from stream.contracts.ids import message_event_id, record_key
from stream.contracts.messages import MESSAGES_RECORDS, Message
from stream.contracts.topics import MESSAGES, OUTCOMES
from stream.runtime.codec import RawRecord, decode, known_types
from stream.runtime.settings import GatewaySettings
from tests.fixtures.waiting import until
from tests.plugin.adapters.adapters_under_test import raw_of
from tests.plugin.gateway.gateways import PLATFORM, GatewayHarness, message

CANARY = "a canary phrase 4711"


FEW = GatewaySettings(max_connections=16)


async def endless(taken: list[bytes]) -> AsyncIterator[bytes]:
    """Yield one part of a body that never ends, and note in `taken` what was asked for."""
    taken.append(b"x")
    yield b"x"
    await asyncio.Event().wait()


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
    by_topic = dict(zip(types, harness.publisher.topics, strict=True))
    assert by_topic.pop(b"counterpoint.outcomes.v1") == OUTCOMES
    assert set(by_topic.values()) == {MESSAGES}


async def test_the_answer_waits_for_the_brokers_acknowledgement() -> None:
    """The gateway answers 202 only after the broker's acknowledgement."""
    harness = GatewayHarness()
    harness.publisher.open.clear()
    answer = asyncio.create_task(harness.post(message()))
    await until(lambda: harness.publisher.asked)
    assert not answer.done()
    harness.publisher.open.set()
    assert (await answer).status_code == 202


@pytest.mark.parametrize("consent", [{}, {"processing": False}, {"processing": False, "secondary_use": True}])
@pytest.mark.parametrize("kind", ["message", "edit", "outcome"])
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
        headers = PLATFORM.sign(raw, NOW, PLATFORM.other_secret)
        forged = await harness.post_as(headers, raw)
        unknown = await harness.post(raw, tenant="nobody")
        assert forged.status_code == unknown.status_code == 401
        assert forged.content == unknown.content == b'{"error": "denied"}'
        assert forged.headers == unknown.headers
        assert harness.publisher.records == []

    @pytest.mark.parametrize("tenant", ["sample", "nobody"])
    async def test_a_missing_header_is_named_to_whoever_sent_it(self, tenant: str) -> None:
        """A missing or malformed header is named with its form, to a known and an unknown tenant alike."""
        harness, raw = GatewayHarness(), raw_of(message())
        path = f"/v1/{tenant}/events"
        unsigned = await harness.post_as({}, raw, path)
        assert (unsigned.status_code, unsigned.json()["place"]) == (401, "webhook-id")
        signed = PLATFORM.sign(raw, NOW)
        for name in signed:
            answer = await harness.post_as(signed | {name: CANARY}, raw, path)
            assert (answer.status_code, answer.json()["error"]) == (401, "denied")
            assert CANARY not in answer.text
        late = await harness.post_as(PLATFORM.sign(raw, NOW - timedelta(hours=1)), raw, path)
        assert late.json() == {
            "error": "denied",
            "place": "webhook-timestamp",
            "wanted": "at most 300 s from our clock",
        }

    async def test_what_cannot_be_valid_is_refused_before_its_body_is_read(self) -> None:
        """Headers that are missing, malformed or stale are refused while the body is still to come."""
        harness, raw = GatewayHarness(), raw_of(message())
        good = PLATFORM.sign(raw, NOW)
        bad = [{name: value for name, value in good.items() if name != left_out} for left_out in good]
        for headers in (*bad, PLATFORM.sign(raw, NOW - timedelta(seconds=301)), good | {"webhook-signature": "v1,x"}):
            taken: list[bytes] = []
            answer = await harness.client.post("/v1/sample/events", content=endless(taken), headers=headers)
            assert answer.status_code == 401
            assert len(taken) <= 1  # httpx hands the first part over with the headers

    async def test_a_tenant_cannot_be_found_out_by_holding_the_body_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A body that does not end is given up in the same way whether the tenant is known or not."""
        monkeypatch.setattr(body, "READ_S", 0.05)
        harness, raw = GatewayHarness(), raw_of(message())
        answers = [
            await harness.client.post(f"/v1/{tenant}/events", content=endless([]), headers=PLATFORM.sign(raw, NOW))
            for tenant in ("sample", "nobody")
        ]
        assert [answer.status_code for answer in answers] == [408, 408]
        assert answers[0].content == answers[1].content

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

    async def test_both_secrets_of_a_tenant_are_accepted(self) -> None:
        """A delivery signed with the tenant's second secret is accepted while the first is being replaced."""
        harness, raw = GatewayHarness(), raw_of(message())
        headers = PLATFORM.sign(raw, NOW, PLATFORM.next_secret)
        assert (await harness.client.post("/v1/sample/events", content=raw, headers=headers)).status_code == 202

    async def test_nothing_is_parsed_before_it_is_verified(self) -> None:
        """An unsigned body that is no JSON is denied, since it is verified before it is parsed."""
        assert (await GatewayHarness().post(b"\xff{", **{"webhook-signature": "v1,x"})).status_code == 401


class TestBad:
    """Tests of signed deliveries that are no valid event."""

    async def test_a_refusal_names_the_place_and_never_the_content(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A refusal names the wrong field; neither the answer nor the log contains content."""
        harness, before = GatewayHarness(), counted("bad")
        answer = await harness.post(message(text=CANARY, role=CANARY, conversation_id=CANARY))
        assert answer.status_code == 422
        assert answer.json() == {"error": "bad_schema", "place": "role", "wanted": WANTED["role"]}
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

    @pytest.mark.parametrize("ahead_s", [121, 3_600, 86_400 * 365])
    @pytest.mark.parametrize(
        ("kind", "field"), [("message", "sent_at"), ("edit", "edited_at"), ("session_end", "ended_at")]
    )
    async def test_an_event_from_the_future_is_refused_with_what_to_do(
        self, kind: str, field: str, ahead_s: int
    ) -> None:
        """A time that lies further ahead of the gateway's clock than allowed is refused while it can be corrected."""
        harness = GatewayHarness()
        late = (NOW + timedelta(seconds=ahead_s)).isoformat()
        answer = await harness.post(PLATFORM.payloads()[kind] | {field: late})
        assert (answer.status_code, answer.json()["error"], answer.json()["place"]) == (422, "clock_ahead", field)
        assert "at most 120 s ahead of our clock" in answer.json()["wanted"]
        assert harness.publisher.records == []

    @pytest.mark.parametrize("seconds", [120, 0, -86_400 * 365 * 50])
    async def test_a_clock_that_is_behind_or_hardly_ahead_is_taken(self, seconds: int) -> None:
        """A time up to the bound ahead, or however far back, is taken: the stream moves it to its own bound."""
        harness = GatewayHarness()
        answer = await harness.post(message(sent_at=(NOW + timedelta(seconds=seconds)).isoformat()))
        assert answer.status_code == 202

    @pytest.mark.parametrize(("kind", "field"), [("deletion", "deleted_at"), ("consent_withdrawal", "withdrawn_at")])
    async def test_deletions_and_withdrawals_are_accepted_with_any_time(self, kind: str, field: str) -> None:
        """A deletion and a withdrawal of consent are taken whatever their time says."""
        harness = GatewayHarness()
        for time in (NOW + timedelta(days=400), NOW - timedelta(days=20_000)):
            assert (await harness.post(PLATFORM.payloads()[kind] | {field: time.isoformat()})).status_code == 202


class TestNoSuchRequest:
    """Tests of requests for what is not served: they are answered in the form of all answers, logged and counted."""

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/v1/sample",
            "/v1//events",
            "/v1/sample/events/x",
            "/docs",
            "/openapi.json",
            "/readyz",
            "/metrics",
            f"/{CANARY}",
        ],
    )
    async def test_another_path_is_a_404(self, path: str) -> None:
        """Another path is answered with 404 and with what is served, and shows in the log without its name."""
        before = counted("wrong_path", "unknown")
        with capture_logs() as logs:
            answer = await GatewayHarness().client.post(path, content=b"{}")
        assert answer.status_code == 404
        assert answer.json() == {"error": "wrong_path", "wanted": WANTED_REQUEST}
        assert counted("wrong_path", "unknown") == before + 1
        assert [(line["event"], line["status"]) for line in logs] == [("request_refused", 404)]
        assert CANARY not in f"{answer.text} {logs}"

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
    @pytest.mark.parametrize("path", ["/v1/sample/events", "/v1/sample/events/"])
    async def test_only_a_post_delivers(self, method: str, path: str) -> None:
        """Another method is answered with 405 in the form of all answers, and counted."""
        before = counted("wrong_method", "unknown")
        answer = await GatewayHarness().post_as({}, b"", path, method)
        assert (answer.status_code, answer.json()["error"], answer.headers["allow"]) == (405, "wrong_method", "POST")
        assert counted("wrong_method", "unknown") == before + 1

    async def test_a_slash_at_the_end_changes_nothing(self) -> None:
        """A delivery to the same path with a slash at its end is a delivery; few senders follow a redirect."""
        harness, raw = GatewayHarness(), raw_of(message())
        answer = await harness.post_as(PLATFORM.sign(raw, NOW), raw, "/v1/sample/events/")
        assert (answer.status_code, answer.json()) == (202, {"outcome": "published"})
        assert (await harness.post_as({}, raw, "/v1/sample/events/")).status_code == 401

    async def test_a_fault_of_ours_is_answered_in_the_same_form(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An unexpected exception is a 500 without its message, and counted."""
        harness, before = GatewayHarness(), counted("bug", "unknown")

        async def broken(_record: object) -> None:
            raise ValueError(CANARY)

        monkeypatch.setattr(harness.publisher, "publish", broken)
        # As a server does it: the exception is logged there, and the answer is sent all the same.
        transport = httpx.ASGITransport(harness.app, raise_app_exceptions=False)
        harness.client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        answer = await harness.post(message())
        assert (answer.status_code, answer.json()) == (500, {"error": "bug"})
        assert counted("bug", "unknown") == before + 1


class TestAway:
    """Tests of deliveries that cannot be stored now."""

    async def test_an_unavailable_broker_is_a_503_with_retry_after(self) -> None:
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

    async def test_too_many_requests_at_once_get_a_503(self) -> None:
        """Too many whole requests at once are answered with 503 while the process still says that it is alive."""
        harness = GatewayHarness(settings=FEW)
        harness.publisher.open.clear()
        waiting = [asyncio.create_task(harness.post(message(number))) for number in range(FEW.max_connections // 2)]
        await until(lambda: harness.publisher.asked == len(waiting))
        refused = await harness.post(message(-1))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await harness.client.get("/healthz")).json() == {"status": "alive"}
        harness.publisher.open.set()
        assert {(await answer).status_code for answer in waiting} == {202}
        assert (await harness.post(message(-1))).status_code == 202

    @pytest.mark.parametrize("tenant", ["sample", "nobody"])
    async def test_bodies_that_never_end_occupy_no_worker(self, tenant: str) -> None:
        """However many bodies are on their way, a delivery that has come whole is worked on."""
        harness = GatewayHarness(settings=FEW)
        headers = PLATFORM.sign(b"x", NOW)
        slow = [
            asyncio.create_task(harness.client.post(f"/v1/{tenant}/events", content=endless([]), headers=headers))
            for _ in range(5 * FEW.max_connections)
        ]
        await asyncio.sleep(0.1)
        assert (await harness.post(message())).status_code == 202
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)


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

    async def test_an_event_that_left_the_cache_still_has_the_same_id(self) -> None:
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


async def test_no_answer_echoes_the_request() -> None:
    """No answer repeats content of the request."""
    harness = GatewayHarness()
    for payload in (b'{"type": "' + CANARY.encode() + b'"}', message(text=CANARY), json.dumps(CANARY).encode()):
        assert CANARY not in (await harness.post(payload)).text
