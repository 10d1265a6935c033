"""Tests of a signed webhook's answers; how it is signed, `test_receivers` tests."""

import json
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr
from standardwebhooks import Webhook

from plugin.local.loopback import free_ports
from plugin.outbound.webhook import Answer, signed_webhook
from stream.runtime.settings import WebhookReceiverSettings
from tests.plugin.outbound.servers import webhook_server

SECRET = "whsec_" + "QUJD" * 8


def settings(url: str) -> WebhookReceiverSettings:
    """Return the settings of a receiver with one secret."""
    return WebhookReceiverSettings(url=url, secrets=(SecretStr(SECRET),))


def test_one_receiver_is_posted_to_again_and_again() -> None:
    """Each request is signed anew and answered by its status; the library of the standard verifies all of them."""
    with webhook_server() as hook:
        hook.statuses += [200, 503]
        receiver = signed_webhook("x", settings(hook.url), lambda: datetime.now(UTC), timeout_s=5)
        answers = [receiver.post(UUID(int=number), json.dumps({"number": number})) for number in range(3)]
    assert [(answer.status, answer.is_taken) for answer in answers] == [(200, True), (503, False), (204, True)]
    for number, (headers, body) in enumerate(hook.requests):
        assert Webhook(SECRET).verify(body, headers) == {"number": number}
        assert headers["webhook-id"] == str(UUID(int=number))


def test_an_answer_is_said_in_words() -> None:
    """An answer, and that there is none, has words for an operator."""
    (port,) = free_ports(1)
    receiver = signed_webhook("x", settings(f"http://127.0.0.1:{port}/"), lambda: datetime.now(UTC), timeout_s=5)
    nobody = receiver.post(UUID(int=1), "{}")
    assert (nobody, nobody.words, nobody.is_taken) == (Answer(None), "it does not answer", False)
    assert Answer(503).words == "it answered 503"
