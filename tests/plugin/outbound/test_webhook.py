"""Tests of a signed webhook's answers; how it is signed, `test_receivers` tests."""

import json
from datetime import UTC, datetime
from ipaddress import ip_network
from uuid import UUID

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from plugin.local.loopback import free_ports
from plugin.outbound.webhook import Answer, SignedWebhook, signed_webhook
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import WebhookReceiverSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.outbound.servers import webhook_server

SECRET = "whsec_" + "QUJD" * 8


def settings(url: str, *secrets: str) -> WebhookReceiverSettings:
    """Return the settings of a receiver."""
    return WebhookReceiverSettings(url=url, secrets=tuple(map(SecretStr, secrets)))


def test_one_receiver_is_posted_to_again_and_again() -> None:
    """Each request is signed anew and answered by its status; the library of the standard verifies all of them."""
    with webhook_server() as hook:
        hook.statuses += [200, 503]
        receiver = signed_webhook("x", settings(hook.url, SECRET), lambda: datetime.now(UTC), timeout_s=DEADLOCK_S)
        answers = [receiver.post(UUID(int=number), json.dumps({"number": number})) for number in range(3)]
    assert [(answer.status, answer.is_taken) for answer in answers] == [(200, True), (503, False), (204, True)]
    for number, (headers, body) in enumerate(hook.requests):
        assert Webhook(SECRET).verify(body, headers) == {"number": number}
        assert headers["webhook-id"] == str(UUID(int=number))


def test_an_answer_is_said_in_words() -> None:
    """An answer, and that there is none, has words for an operator."""
    (port,) = free_ports(1)
    receiver = signed_webhook(
        "x", settings(f"http://127.0.0.1:{port}/", SECRET), lambda: datetime.now(UTC), timeout_s=DEADLOCK_S
    )
    nobody = receiver.post(UUID(int=1), "{}")
    assert (nobody, nobody.words, nobody.is_taken) == (Answer(None), "it does not answer", False)
    assert Answer(503).words == "it answered 503"


@pytest.mark.parametrize(
    ("url", "secrets", "wrong"),
    [
        ("", [SECRET], "x.url"),
        ("https://chat.example/", [], "x.secrets"),
        ("https://chat.example/", ["whsec_QUJD"], "24 random bytes"),
        ("https://chat.example/", ["not base64 at all, but long enough for it"], "24 random bytes"),
    ],
)
def test_a_receiver_of_the_settings_needs_an_address_and_a_secret(url: str, secrets: list[str], wrong: str) -> None:
    """A receiver that could not be reached, or could not verify what it gets, is said at the start."""
    with pytest.raises(Misconfigured, match=wrong):
        signed_webhook("x", settings(url, *secrets), lambda: datetime.now(UTC), timeout_s=DEADLOCK_S)


def test_a_stored_receiver_is_reached_in_an_allowed_network_alone() -> None:
    """One at a private address is not asked, unless the settings name its network; then it is, under its own name."""
    with webhook_server() as hook:
        by_name = hook.url.replace("127.0.0.1", "localhost")
        closed = SignedWebhook(by_name, [SECRET], lambda: datetime.now(UTC), timeout_s=DEADLOCK_S, private=())
        answer = closed.post(UUID(int=1), "{}")
        assert (answer.is_taken, hook.requests) == (False, [])
        assert "delivery.private_networks" in answer.words
        loopback = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
        opened = SignedWebhook(by_name, [SECRET], lambda: datetime.now(UTC), timeout_s=DEADLOCK_S, private=loopback)
        assert opened.post(UUID(int=1), "{}").is_taken
    ((headers, _),) = hook.requests
    assert headers["host"].startswith("localhost:")


def test_a_name_that_no_address_has_is_unreachable() -> None:
    """A name that cannot be looked up, or that none can have, is answered like a receiver that is away."""
    for name in ("nowhere.invalid", f"{'x' * 70}.example"):
        webhook = SignedWebhook(
            f"https://{name}/", [SECRET], lambda: datetime.now(UTC), timeout_s=DEADLOCK_S, private=()
        )
        assert webhook.post(UUID(int=1), "{}") == Answer(None)
