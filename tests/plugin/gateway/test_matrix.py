"""Tests of the gateway as an Application Service: what a homeserver asks, and what makes it wait or go on."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from plugin.adapter_contract import NOW
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.ids import message_event_id
from stream.runtime.settings import GatewaySettings
from tests.plugin.adapters import matrix_under_test
from tests.plugin.adapters.adapters_under_test import Payload
from tests.plugin.adapters.matrix_under_test import (
    COUNSELLOR,
    OTHER_ROOM,
    ROOM,
    MatrixPlatform,
    event,
    member,
    message,
    transaction,
)
from tests.plugin.gateway.gateways import PLATFORM, TENANT, GatewayHarness
from tests.plugin.gateway.gateways import message as webhook_message
from tests.plugin.gateway.test_app import counted, endless

MATRIX = MatrixPlatform()
BASE = "/v1/matrix/_matrix/app/v1"
KEY = base64.b64encode(b"k" * 32).decode()
CANARY = "a canary phrase 4711"


def harness(**given: Any) -> GatewayHarness:
    """Return a gateway with a homeserver and a platform of our own webhooks."""
    made = matrix_under_test.settings().model_dump(exclude={"webhook_secrets", "pseudonym_key"})
    homeserver = TENANT.model_validate(
        made | {"webhook_secrets": [MATRIX.secret, MATRIX.next_secret], "pseudonym_key": KEY}
    )
    return GatewayHarness(tenants={"matrix": homeserver, "sample": TENANT}, **given)


async def ask(
    gateway: GatewayHarness, method: str, path: str, raw: bytes = b"", *, token: str | None = MATRIX.secret
) -> httpx.Response:
    """Send a request as a homeserver, with a token or without any."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return await gateway.post_as(headers, raw, path, method)


async def deliver(gateway: GatewayHarness, *events: Payload, number: int = 1) -> httpx.Response:
    """Send a transaction."""
    return await ask(gateway, "PUT", f"{BASE}/transactions/{number}", transaction(*events))


def types_of(gateway: GatewayHarness) -> list[str]:
    """Return the types of the records that were published, in order."""
    return [dict(record.headers)["ce_type"].decode().split(".")[1] for record in gateway.publisher.records]


def ids_of(gateway: GatewayHarness) -> list[bytes]:
    """Return the ids of the records that were published, in order."""
    return [dict(record.headers)["ce_id"] for record in gateway.publisher.records]


class TestTransactions:
    """Tests of what becomes of the events of a transaction."""

    async def test_a_talk_is_published_in_its_order(self) -> None:
        """Each event of a transaction becomes its record, in order, and the answer is an empty object with a length."""
        gateway = harness()
        answer = await deliver(
            gateway,
            member(COUNSELLOR, "join", "invite", content={"displayname": "Mira"}),
            message("one", number=1),
            message("two", number=2, sender=COUNSELLOR),
            matrix_under_test.replacement("one more", of=1, number=3),
            event("m.room.redaction", {"redacts": "$event-2"}, number=4),
            event(matrix_under_test.END_EVENT, {}, number=5, state_key=""),
        )
        assert (answer.status_code, answer.json(), answer.headers["content-length"]) == (200, {}, "2")
        assert types_of(gateway) == ["participants", "message", "message", "edit", "deletion", "session-end"]
        conversation = Pseudonyms(b"k" * 32).conversation(ROOM)
        assert ids_of(gateway)[1].decode() == str(message_event_id("matrix", conversation, "$event-1", 0))

    async def test_a_transaction_that_comes_again_has_the_same_ids(self) -> None:
        """A transaction that Synapse sends again, with other ages, has the records that it had, names included."""
        gateway = harness()
        events = [member(COUNSELLOR, "join", content={"displayname": "Mira"}), message("one", number=2)]
        assert (await deliver(gateway, *events)).status_code == 200
        first = ids_of(gateway)
        again = [one | {"age": 4711, "unsigned": {"age": 4711}} for one in events]
        assert (await deliver(gateway, *again)).status_code == 200
        assert ids_of(gateway) == first * 2

    async def test_an_event_that_cannot_be_used_keeps_back_no_other(self) -> None:
        """Events that no record can hold are left out and counted, and those around them are published."""
        gateway, before = harness(), {outcome: counted(outcome, "matrix") for outcome in ("bad", "published")}
        old = NOW - timedelta(days=1, seconds=1)
        bad = [message(CANARY + "\x00", number=2), message(CANARY * 1_001, number=3), message(at=old, number=4)]
        with capture_logs() as logs:
            answer = await deliver(gateway, message("one", number=1), *bad, {"type": 7}, message("two", number=5))
        assert answer.json() == {}
        assert [data["text"] for data in gateway.publisher.data()] == ["one", "two"]
        assert counted("bad", "matrix") == before["bad"] + 4
        assert counted("published", "matrix") == before["published"] + 2
        assert [line["reason"] for line in logs if line["event"] == "event_left_out"] == [
            "nul", "bad_schema", "too_old", "bad_schema",
        ]  # fmt: skip
        assert CANARY not in str(logs)

    async def test_a_homeserver_whose_clock_is_ahead_loses_nothing(self) -> None:
        """A message from the future is published, since it would never be sent again; the stream moves its time."""
        gateway = harness()
        await deliver(gateway, message("one", at=NOW + timedelta(days=400)))
        assert types_of(gateway) == ["message"]

    async def test_what_nobody_needs_is_taken_and_counted(self) -> None:
        """An unknown event, a room without consent and an empty transaction are taken, so that none comes again."""
        gateway = harness()
        before = {outcome: counted(outcome, "matrix") for outcome in ("ignored", "no_consent")}
        for events in ([event("m.reaction", {})], [message(room_id=OTHER_ROOM)], []):
            assert (await deliver(gateway, *events)).json() == {}
        assert gateway.publisher.records == []
        assert {outcome: counted(outcome, "matrix") - count for outcome, count in before.items()} == {
            "ignored": 1, "no_consent": 1,
        }  # fmt: skip

    async def test_an_encrypted_room_is_named_once(self) -> None:
        """Encrypted messages are taken, each is counted, and their room is named once, by its pseudonym alone."""
        gateway, before = harness(), counted("encrypted", "matrix")
        secret = event("m.room.encrypted", {"ciphertext": CANARY})
        with capture_logs() as logs:
            for number in range(3):
                answer = await deliver(gateway, secret, secret | {"room_id": OTHER_ROOM}, number=number)
                assert answer.json() == {}
        named = [line["conversation_id"] for line in logs if line["event"] == "room_encrypted"]
        assert named == [Pseudonyms(b"k" * 32).conversation(room) for room in (ROOM, OTHER_ROOM)]
        assert counted("encrypted", "matrix") == before + 6
        assert gateway.publisher.records == []
        assert CANARY not in str(logs)

    async def test_without_a_broker_the_homeserver_waits(self) -> None:
        """Without a broker the transaction is refused whole and counted once, so that the homeserver sends it again."""
        gateway, before = harness(), counted("published", "matrix")
        gateway.publisher.away = True
        answer = await deliver(gateway, message("one"), message("two", number=2))
        assert (answer.status_code, answer.json()["errcode"]) == (503, "M_UNKNOWN")
        assert answer.headers["retry-after"] == "2"
        gateway.publisher.away = False
        assert (await deliver(gateway, message("one"), message("two", number=2))).status_code == 200
        assert [data["text"] for data in gateway.publisher.data()] == ["one", "two"]
        assert counted("published", "matrix") == before + 2

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"{}", b'{"events": {}}', b"[" * 100_000])
    async def test_what_is_no_transaction_is_refused(self, raw: bytes) -> None:
        """A body that is no transaction is refused, as no homeserver sends one."""
        answer = await ask(harness(), "PUT", f"{BASE}/transactions/1", raw)
        assert (answer.status_code, answer.json()["errcode"]) == (422, "M_BAD_JSON")

    async def test_a_transaction_is_longer_than_other_deliveries(self) -> None:
        """A transaction of a hundred long events is taken, though it is beyond the limit of other deliveries."""
        gateway = harness(settings=GatewaySettings(body_limit_bytes=1024))
        answer = await deliver(gateway, *(message("x" * 20_000, number=number) for number in range(100)))
        assert answer.status_code == 200
        assert len(gateway.publisher.records) == 100


class TestProof:
    """Tests of who may ask at all."""

    @pytest.mark.parametrize("tenant", ["matrix", "sample", "nobody"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [("PUT", "transactions/1"), ("POST", "ping"), ("GET", "users/@a:b"), ("GET", "rooms/%23a:b")],
    )
    async def test_a_wrong_token_and_an_unknown_tenant_get_the_same_answer(
        self, method: str, path: str, tenant: str
    ) -> None:
        """A wrong token is forbidden and a missing one named, whoever the tenant is and whatever is asked."""
        gateway, address = harness(), f"/v1/{tenant}/_matrix/app/v1/{path}"
        wrong = await ask(gateway, method, address, token=MATRIX.other_secret)
        assert (wrong.status_code, wrong.content) == (403, b'{"errcode": "M_FORBIDDEN", "error": "denied"}')
        for token in (None, "", "a b"):
            missing = await ask(gateway, method, address, token=token)
            assert (missing.status_code, missing.json()["errcode"]) == (401, "M_UNAUTHORIZED")
            assert missing.json()["place"] == "authorization"

    async def test_a_token_of_another_platform_opens_nothing(self) -> None:
        """The secret of another platform's tenant is no token, and our token is none at the events of webhooks."""
        gateway = harness()
        stranger = await ask(gateway, "PUT", "/v1/sample/_matrix/app/v1/transactions/1", token=PLATFORM.secret)
        assert stranger.status_code == 403
        for tenant in ("matrix", "sample"):
            answer = await ask(gateway, "POST", f"/v1/{tenant}/events", transaction(message()))
            assert (answer.status_code, answer.json()["place"]) == (401, "webhook-id")
        assert (await gateway.post(webhook_message(), tenant="matrix")).status_code == 401
        assert gateway.publisher.records == []

    async def test_nobody_elses_body_is_read(self) -> None:
        """A transaction with a wrong token is refused while its body is still to come."""
        taken: list[bytes] = []
        answer = await harness().client.put(
            f"{BASE}/transactions/1", content=endless(taken), headers={"authorization": f"Bearer {MATRIX.other_secret}"}
        )
        assert answer.status_code == 403
        assert len(taken) <= 1

    async def test_both_tokens_are_taken_while_one_is_replaced(self) -> None:
        """Each of two secrets is taken."""
        for token in (MATRIX.secret, MATRIX.next_secret):
            assert (await ask(harness(), "POST", f"{BASE}/ping", b"{}", token=token)).status_code == 200

    async def test_a_token_in_the_address_is_refused(self) -> None:
        """A token in the address, as before Matrix 1.4, is refused even beside the header: addresses are logged."""
        answer = await ask(harness(), "PUT", f"{BASE}/transactions/1?access_token={MATRIX.secret}", transaction())
        assert (answer.status_code, answer.json()["place"]) == (401, "access_token")
        assert MATRIX.secret not in answer.text


class TestOtherRequests:
    """Tests of what a homeserver asks beside its transactions."""

    async def test_a_ping_is_answered(self) -> None:
        """A ping with the token is answered by an empty object."""
        answer = await ask(harness(), "POST", f"{BASE}/ping", b'{"transaction_id": "meow"}')
        assert (answer.status_code, answer.json()) == (200, {})

    @pytest.mark.parametrize("path", ["users/%40bridge_x%3Aexample.org", "users/@a/b:example.org", "rooms/%23a%3Ab"])
    async def test_no_user_and_no_room_is_made(self, path: str) -> None:
        """A user or an alias that the homeserver asks for does not exist."""
        answer = await ask(harness(), "GET", f"{BASE}/{path}")
        assert (answer.status_code, answer.json()["errcode"]) == (404, "M_NOT_FOUND")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "/v1/matrix/transactions/1"),
            ("PUT", "/v1/matrix/_matrix/app/unstable/transactions/1"),
            ("GET", f"{BASE}/thirdparty/protocol/irc"),
            ("GET", f"{BASE}/transactions/1"),
        ],
    )
    async def test_older_and_other_paths_are_not_there(self, method: str, path: str) -> None:
        """The paths of before Matrix 1.4, and those that Counterpoint does not need, are not served."""
        assert (await ask(harness(), method, path)).status_code == 404

    async def test_without_a_homeserver_there_is_nothing_to_ask(self) -> None:
        """A gateway without a tenant that is a homeserver has none of these paths."""
        answer = await ask(GatewayHarness(), "PUT", "/v1/sample/_matrix/app/v1/transactions/1", transaction())
        assert (answer.status_code, answer.json()["error"]) == (404, "wrong_path")
