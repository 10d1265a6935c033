"""One signed delivery to the gateway, again and again until it is answered."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import httpx
from standardwebhooks import Webhook

from stream.contracts.errors import Denied, Unavailable

ACCEPTED = "accepted"
ANSWER_WITHIN_S = 15.0
"""The gateway answers within 5 s, with or without its broker."""
RETRY_AFTER_S = 1.0
GIVE_UP_AFTER_S = 120.0
"""Longer than any stage takes to come back after a crash."""


class Clock(Protocol):
    """Waiting, as asyncio does it."""

    async def __call__(self, seconds: float, /) -> None:
        """Wait."""


@dataclass(frozen=True)
class Sender:
    """Signs with a tenant's secret and posts to its events address."""

    client: httpx.AsyncClient
    url: str
    secret: str = field(repr=False)
    sleep: Clock = asyncio.sleep

    async def deliver(self, delivery: str, payload: Mapping[str, object]) -> str:
        """Deliver one event; every retry is signed anew under the same id.

        Returns:
            `accepted`, or the reason for which the gateway refused it.

        Raises:
            Denied: the gateway does not know the tenant or the secret.
            Unavailable: it has not taken the event for `GIVE_UP_AFTER_S` seconds.
        """
        body = json.dumps(payload, ensure_ascii=False)
        give_up = time.monotonic() + GIVE_UP_AFTER_S
        while True:
            try:
                answer = await self.client.post(self.url, content=body.encode(), headers=self._signed(delivery, body))
            except httpx.TransportError:
                answer = httpx.Response(503)
            if answer.status_code < 500:  # noqa: PLR2004 - above it is the server's trouble, and passes
                return _outcome(answer)
            if time.monotonic() >= give_up:
                raise Unavailable(f"the gateway at {self.url}", RETRY_AFTER_S)
            await self.sleep(float(answer.headers.get("retry-after", RETRY_AFTER_S)))

    def _signed(self, delivery: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(delivery, now, body),
        }


def _outcome(answer: httpx.Response) -> str:
    match answer.status_code:
        case 202:
            outcome: str = answer.json()["outcome"]
            return ACCEPTED if outcome == "published" else outcome
        case 401:
            raise Denied("the gateway does not know this tenant or its secret")
        case 422:
            refused = answer.json()
            return f"{refused['error']} at {refused['place']}"
        case status:
            return f"status {status}"
