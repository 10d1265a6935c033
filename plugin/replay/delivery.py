"""Delivery of one signed event to the gateway, with retries until it is answered."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import httpx
from standardwebhooks import Webhook
from tenacity import AsyncRetrying, RetryCallState, RetryError, retry_if_result, stop_after_delay

from stream.contracts.errors import Denied, Unavailable

ACCEPTED = "accepted"
ANSWER_WITHIN_S = 15.0
"""The timeout of one request; the gateway answers within 5 s, with or without its broker."""
RETRY_AFTER_S = 1.0
GIVE_UP_AFTER_S = 120.0
"""How long an event is retried: longer than any stage takes to restart after a crash."""


class Sleep(Protocol):
    """An asynchronous sleep function, such as `asyncio.sleep`."""

    async def __call__(self, seconds: float, /) -> None:
        """Wait for `seconds` seconds."""


@dataclass(frozen=True)
class Sender:
    """A client that signs events with a tenant's secret and posts them to the tenant's events URL."""

    client: httpx.AsyncClient
    url: str
    secret: str = field(repr=False)
    sleep: Sleep = asyncio.sleep

    async def deliver(self, delivery: str, payload: Mapping[str, object]) -> str:
        """Deliver one event; every retry has the same id and a new signature.

        Returns:
            `accepted`, or the reason for which the gateway refused it.

        Raises:
            Denied: the gateway does not know the tenant or the secret.
            Unavailable: the gateway has not accepted the event for `GIVE_UP_AFTER_S` seconds.
        """
        body = json.dumps(payload, ensure_ascii=False)
        again = AsyncRetrying(
            retry=retry_if_result(lambda answer: answer.is_server_error),
            wait=_retry_after,
            stop=stop_after_delay(GIVE_UP_AFTER_S),
            sleep=self.sleep,
        )
        try:
            return _outcome(await again(self._post, delivery, body))
        except RetryError:
            raise Unavailable(f"the gateway at {self.url}", RETRY_AFTER_S) from None

    async def _post(self, delivery: str, body: str) -> httpx.Response:
        """Post the event once; a gateway that does not answer at all counts as unavailable."""
        try:
            return await self.client.post(self.url, content=body.encode(), headers=self._signed(delivery, body))
        except httpx.TransportError:
            return httpx.Response(HTTPStatus.SERVICE_UNAVAILABLE)

    def _signed(self, delivery: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(delivery, now, body),
        }


def _retry_after(state: RetryCallState) -> float:
    """Return the seconds that the last answer asks the sender to wait."""
    assert state.outcome is not None  # noqa: S101 - there is one whenever tenacity asks
    answer: httpx.Response = state.outcome.result()
    return float(answer.headers.get("retry-after", RETRY_AFTER_S))


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
