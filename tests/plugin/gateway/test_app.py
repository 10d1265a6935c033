"""What a platform is answered, and what is on the topic afterwards."""

import asyncio
import json
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from plugin.gateway.app import MAX_IN_FLIGHT
from stream.contracts.ids import message_event_id, record_key
from stream.contracts.messages import MESSAGES_RECORDS, Message
from stream.runtime.codec import RawRecord, decode, known_types
from stream.runtime.settings import Gateway as GatewaySettings
from tests.plugin.adapters.adapters_under_test import NOW, raw_of
from tests.plugin.gateway.gateways import BENCH, Bench, message

CANARY = "a canary phrase 4711"


def counted(outcome: str, tenant: str = "sample") -> float:
    """The counter of an outcome."""
    labels = {"tenant": tenant, "outcome": outcome}
    return REGISTRY.get_sample_value("counterpoint_gateway_events_total", labels) or 0.0


async def test_a_message_is_published_as_a_cloudevent_under_its_conversations_key() -> None:
    """Binary mode; what a stream worker decodes is the message, with pseudonyms; its id is of its data."""
    bench = Bench()
    answer = await bench.post(message(7, "hello 💬"))
    assert (answer.status_code, answer.json()) == (202, {"outcome": "published"})
    (record,) = bench.broker.records
    raw = RawRecord("t", 0, 0, 0, record.key, record.value, record.headers)
    event = decode(raw, known_types(*MESSAGES_RECORDS))
    assert isinstance(event.data, Message)
    assert event.data.text == "hello 💬"
    assert record.key == record_key("sample", event.data.conversation_id)
    assert event.id == str(message_event_id("sample", event.data.conversation_id, "m-7", 0))
    assert not any(word in record.value for word in (b"user@example.org", b"room 17"))


async def test_each_kind_of_event_is_published() -> None:
    """The six kinds become six records of one conversation."""
    bench = Bench()
    for payload in BENCH.payloads().values():
        assert (await bench.post(payload)).status_code == 202
    types = [dict(record.headers)["ce_type"] for record in bench.broker.records]
    assert len(set(types)) == len(types) == len(BENCH.payloads())
    assert len({record.key for record in bench.broker.records}) == 1


async def test_the_answer_waits_for_the_brokers_word() -> None:
    """202 means safe, so it cannot come before."""
    bench = Bench()
    bench.broker.open.clear()
    answer = asyncio.create_task(bench.post(message()))
    await asyncio.sleep(0.05)
    assert not answer.done()
    bench.broker.open.set()
    assert (await answer).status_code == 202


@pytest.mark.parametrize("consent", [{}, {"processing": False}, {"processing": False, "secondary_use": True}])
@pytest.mark.parametrize("kind", ["message", "edit"])
async def test_text_without_consent_is_answered_counted_and_not_published(kind: str, consent: dict[str, bool]) -> None:
    """The platform need not know; the words go no further."""
    bench, before = Bench(), counted("no_consent")
    answer = await bench.post(BENCH.payloads()[kind] | {"consent": consent})
    assert (answer.status_code, answer.json()) == (202, {"outcome": "no_consent"})
    assert bench.broker.records == []
    assert counted("no_consent") == before + 1


async def test_what_carries_no_text_needs_no_consent() -> None:
    """A deletion or a withdrawal must never be held up by a missing flag."""
    bench = Bench()
    for kind in ("deletion", "participants", "consent_withdrawal", "session_end"):
        assert (await bench.post(BENCH.payloads()[kind])).json() == {"outcome": "published"}


class TestDenied:
    """Who may not deliver is told nothing."""

    async def test_a_wrong_signature_and_an_unknown_tenant_get_the_same_answer(self) -> None:
        """No detail, and no way to find out who our tenants are."""
        bench = Bench()
        raw = raw_of(message())
        forged = await bench.client.post(
            "/v1/sample/events", content=raw, headers=BENCH.sign(raw, NOW, BENCH.other_secret)
        )
        unknown = await bench.post(raw, tenant="nobody")
        unsigned = await bench.client.post("/v1/sample/events", content=raw)
        assert forged.status_code == unknown.status_code == unsigned.status_code == 401
        assert forged.content == unknown.content == unsigned.content == b'{"error": "denied"}'
        assert forged.headers == unknown.headers == unsigned.headers
        assert bench.broker.records == []

    async def test_an_unknown_tenants_name_is_no_label(self) -> None:
        """Otherwise anybody could fill the metrics."""
        before = counted("denied", "unknown")
        await Bench().post(message(), tenant="made-up-name")
        assert counted("denied", "unknown") == before + 1
        assert counted("denied", "made-up-name") == 0

    async def test_a_stale_delivery_is_denied(self) -> None:
        """By the gateway's clock and its setting."""
        bench, raw = Bench(settings=GatewaySettings(timestamp_tolerance_s=10)), raw_of(message())
        headers = BENCH.sign(raw, NOW - timedelta(seconds=11))
        assert (await bench.client.post("/v1/sample/events", content=raw, headers=headers)).status_code == 401

    async def test_both_secrets_of_a_tenant_are_live(self) -> None:
        """While one is being replaced."""
        bench, raw = Bench(), raw_of(message())
        headers = BENCH.sign(raw, NOW, BENCH.next_secret)
        assert (await bench.client.post("/v1/sample/events", content=raw, headers=headers)).status_code == 202

    async def test_nothing_is_parsed_before_it_is_verified(self) -> None:
        """Unsigned rubbish is denied, not criticised."""
        assert (await Bench().post(b"\xff{", **{"webhook-signature": "v1,x"})).status_code == 401


class TestBad:
    """What is signed but no event."""

    async def test_the_place_is_told_and_never_the_content(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither in the answer nor in the log."""
        bench, before = Bench(), counted("bad")
        answer = await bench.post(message(text=CANARY, role=CANARY, conversation_id=CANARY))
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
        """And the next delivery goes through."""
        bench = Bench()
        answer = await bench.post(raw)
        assert (answer.status_code, answer.json()["error"]) == (422, error)
        assert (await bench.post(message())).status_code == 202

    async def test_a_bad_delivery_is_judged_again_when_it_is_repeated(self) -> None:
        """A failure is not remembered."""
        bench = Bench()
        for _ in range(2):
            assert (await bench.post(b"{}", delivery="same")).status_code == 422

    @pytest.mark.parametrize("path", ["/", "/v1/sample", "/v1/sample/events/", "/v1//events", "/docs", "/openapi.json"])
    async def test_there_is_nothing_else_here(self, path: str) -> None:
        """One route for platforms."""
        answer = await Bench().client.post(path, content=b"{}")
        assert answer.status_code in {404, 405, 307}

    async def test_only_a_post_delivers(self) -> None:
        """A GET is a mistake."""
        assert (await Bench().client.get("/v1/sample/events")).status_code == 405


class TestAway:
    """What cannot be made safe now."""

    async def test_a_broker_that_is_away_is_a_503_with_a_time_to_come_back(self) -> None:
        """The platform keeps the event; nothing is lost."""
        bench, before = Bench(), counted("unavailable")
        bench.broker.away = True
        answer = await bench.post(message())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert counted("unavailable") == before + 1

    async def test_the_retry_is_taken_when_the_broker_is_back(self) -> None:
        """A failure is not remembered as the answer to that id."""
        bench = Bench()
        bench.broker.away = True
        assert (await bench.post(message(), delivery="d")).status_code == 503
        bench.broker.away = False
        assert (await bench.post(message(), delivery="d")).status_code == 202
        assert len(bench.broker.records) == 1

    async def test_too_many_at_once_are_told_to_come_back(self) -> None:
        """Memory is bounded; the probes still answer."""
        bench = Bench()
        bench.broker.open.clear()
        waiting = [asyncio.create_task(bench.post(message(number))) for number in range(MAX_IN_FLIGHT)]
        await asyncio.sleep(0.1)
        refused = await bench.post(message(-1))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await bench.client.get("/healthz")).status_code == 200
        bench.broker.open.set()
        assert {(await answer).status_code for answer in waiting} == {202}
        assert (await bench.post(message(-1))).status_code == 202


class TestRepeated:
    """A delivery that comes again."""

    async def test_a_repeat_is_answered_like_the_first_and_published_once(self) -> None:
        """Also when it is signed anew, as senders do."""
        bench, before = Bench(), counted("repeated")
        first = await bench.post(message(), delivery="d")
        raw = raw_of(message())
        again = await bench.client.post(
            "/v1/sample/events", content=raw, headers=BENCH.sign(raw, NOW + timedelta(seconds=60), delivery="d")
        )
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert len(bench.broker.records) == 1
        assert counted("repeated") == before + 1

    async def test_a_repeat_without_consent_is_answered_like_the_first(self) -> None:
        """The same word again."""
        bench = Bench()
        answers = [await bench.post(message(consent={}), delivery="d") for _ in range(2)]
        assert [answer.json() for answer in answers] == [{"outcome": "no_consent"}] * 2

    async def test_an_id_used_for_two_events_loses_neither(self) -> None:
        """Platforms have been seen to count their ids anew after a restart."""
        bench = Bench()
        for number in (1, 2):
            assert (await bench.post(message(number), delivery="1")).status_code == 202
        assert [data["message_id"] for data in bench.broker.data()] == ["m-1", "m-2"]

    async def test_an_event_forgotten_as_a_repeat_still_has_the_same_id(self) -> None:
        """Further down it is recognised by its data, however late it comes again."""
        bench = Bench()
        for _ in range(2):
            await bench.post(BENCH.payloads()["participants"], delivery="d")
            await bench.post(message(), delivery="e")
            bench.time.seconds += 601
        ids = [dict(record.headers)["ce_id"] for record in bench.broker.records]
        assert ids[:2] == ids[2:]


class TestBodyLimit:
    """How much is read."""

    LIMIT = GatewaySettings(body_limit_bytes=1024)

    async def test_a_declared_length_over_the_limit_is_refused_unread(self) -> None:
        """Before a byte of it is taken."""
        answer = await Bench(settings=self.LIMIT).post(message(text="x" * 1024))
        assert answer.status_code == 413

    async def test_a_body_at_the_limit_is_read(self) -> None:
        """The limit is what may be."""
        raw = raw_of(message())
        raw += b" " * (1024 - len(raw))
        assert (await Bench(settings=self.LIMIT).post(raw)).status_code == 202


async def test_operators_probes_share_the_server() -> None:
    """Alive, ready with a sentence, and the metrics."""
    bench = Bench()
    assert (await bench.client.get("/healthz")).status_code == 200
    not_ready = await bench.client.get("/readyz")
    assert (not_ready.status_code, not_ready.json()["troubles"]) == (503, {"kafka": "starting"})
    bench.health.set("kafka", None)
    assert (await bench.client.get("/readyz")).status_code == 200
    assert "counterpoint_gateway_events_total" in (await bench.client.get("/metrics")).text


async def test_no_answer_echoes_the_request() -> None:
    """Whatever is wrong with it."""
    bench = Bench()
    for payload in (b'{"type": "' + CANARY.encode() + b'"}', message(text=CANARY), json.dumps(CANARY).encode()):
        assert CANARY not in (await bench.post(payload)).text
