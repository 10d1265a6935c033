"""A signed webhook (Standard Webhooks): one request to one receiver, and what the receiver answered."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import WebhookReceiverSettings

MIN_SECRET_BYTES: Final = 24
"""The shortest secret that Standard Webhooks allows, in bytes."""


@dataclass(frozen=True)
class Answer:
    """What a receiver answered; `status` is None where it could not be reached, or did not answer in time."""

    status: int | None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took what was sent: any answer but 2xx, a redirect too, means that it did not."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def words(self) -> str:
        """The answer in words for an operator."""
        return "it does not answer" if self.status is None else f"it answered {self.status}"


class SignedWebhook:
    """A receiver of signed requests; one thread at a time posts to it."""

    def __init__(self, settings: WebhookReceiverSettings, now: Callable[[], datetime], *, timeout_s: float) -> None:
        """`timeout_s` bounds each step of a request in seconds: the connection, the sending, the answer."""
        self.url = settings.url
        self._signers = [Webhook(secret.get_secret_value()) for secret in settings.secrets]
        self._now = now
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False)

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
            with self._client.stream("POST", self.url, content=body, headers=headers) as answer:
                return Answer(answer.status_code)
        except httpx.HTTPError:
            return Answer(None)


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
    for secret in settings.secrets:
        if not _is_long_enough(secret.get_secret_value()):
            raise Misconfigured(
                f"{place}.secrets: a secret is whsec_ and at least {MIN_SECRET_BYTES} random bytes in base64."
            )
    return SignedWebhook(settings, now, timeout_s=timeout_s)


def _is_long_enough(secret: str) -> bool:
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= MIN_SECRET_BYTES
    except (binascii.Error, ValueError):
        return False
