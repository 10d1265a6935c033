"""A signed webhook (Standard Webhooks): one request to one receiver, and what the receiver answered."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from standardwebhooks import Webhook

from plugin.outbound.public_address import Networks, allowed_address
from stream.contracts.errors import Denied, Misconfigured
from stream.runtime.settings import WebhookReceiverSettings

TEST_NOTE: Final = "A test that an operator sent. Nothing has happened."
MIN_SECRET_BYTES: Final = 24
"""The shortest secret that Standard Webhooks allows, in bytes."""


@dataclass(frozen=True)
class Answer:
    """What a receiver answered; `status` is None where it could not be reached, or did not answer in time."""

    status: int | None
    is_private: bool = False
    """Whether it was not asked, because its address is a private one that the settings do not allow."""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took what was sent: any answer but 2xx, a redirect too, means that it did not."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def words(self) -> str:
        """The answer in words for an operator."""
        if self.is_private:
            return "it was not asked: its address is private, and delivery.private_networks does not name its network"
        return "it does not answer" if self.status is None else f"it answered {self.status}"


class SignedWebhook:
    """A receiver of signed requests; one thread at a time posts to it."""

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        now: Callable[[], datetime],
        *,
        timeout_s: float,
        private: Networks | None = None,
    ) -> None:
        """`timeout_s` bounds each step of a request in seconds: the connection, the sending, the answer.

        With `private`, its address must be public or in one of these networks, and no proxy is asked.
        """
        self.url = url
        self._signers = [Webhook(secret) for secret in secrets]
        self._now = now
        self._private = private
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=private is None)

    def post(self, message_id: UUID, body: str) -> Answer:
        """Send a body, signed with each secret at the time of this try. Each try of a message has the same id."""
        now = self._now()
        headers = {
            "content-type": "application/json",
            "webhook-id": str(message_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                signer.sign(msg_id=str(message_id), timestamp=now, data=body) for signer in self._signers
            ),
        }
        try:
            # Only the status is read: a body without an end would hold the thread.
            with self._client.stream("POST", **self._target(headers), content=body) as answer:
                return Answer(answer.status_code)
        except Denied:
            return Answer(None, is_private=True)
        except (httpx.HTTPError, OSError, UnicodeError):  # the last of a name that no address can have
            return Answer(None)

    def _target(self, headers: dict[str, str]) -> dict[str, Any]:
        """Return where the request goes: to the address that was looked at, under the name that was meant."""
        if self._private is None:
            return {"url": self.url, "headers": headers}
        url = httpx.URL(self.url)
        host = url.raw_host.decode()
        address = allowed_address(host, url.port or (443 if url.scheme == "https" else 80), self._private)
        return {
            "url": url.copy_with(host=address),
            "headers": {**headers, "host": url.netloc.decode()},
            "extensions": {"sni_hostname": host},
        }


def trial_body(at: datetime) -> tuple[UUID, str]:
    """Return the id and the body of a test that an operator sends to a receiver; it speaks of nobody."""
    body = {"type": "receiver.test", "timestamp": at.isoformat(), "data": {"note": TEST_NOTE}}
    return uuid4(), json.dumps(body)


def signed_webhook(
    place: str, settings: WebhookReceiverSettings, now: Callable[[], datetime], *, timeout_s: float
) -> SignedWebhook:
    """Return the receiver that the settings name at `place`.

    Raises:
        Misconfigured: it has no address, or no secret that Standard Webhooks allows.
    """
    if not settings.url:
        raise Misconfigured(f"{place}.url is not set.")
    if not settings.secrets:
        raise Misconfigured(f"{place}.secrets is not set: the receiver could not verify what it gets.")
    secrets = [secret.get_secret_value() for secret in settings.secrets]
    if not all(map(_is_long_enough, secrets)):
        raise Misconfigured(
            f"{place}.secrets: a secret is whsec_ and at least {MIN_SECRET_BYTES} random bytes in base64."
        )
    return SignedWebhook(settings.url, secrets, now, timeout_s=timeout_s)


def _is_long_enough(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= MIN_SECRET_BYTES
    except (binascii.Error, ValueError):
        return False
