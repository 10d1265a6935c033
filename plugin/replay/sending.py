"""Conversations side by side, each in its own order, from here to the gateway."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid5

import httpx

from plugin.replay.conversations import TIME_FIELD, Conversation
from plugin.replay.delivery import ACCEPTED, ANSWER_WITHIN_S, Sender
from plugin.replay.timeline import Speed, Timeline
from stream.contracts.errors import Misconfigured
from stream.contracts.ids import NAMESPACE
from stream.runtime.settings import Settings

SIDE_BY_SIDE = 16
"""Conversations at once: enough to keep a gateway on two cores busy."""


@dataclass
class Replayed:
    """What became of a replay. `refused` counts by reason; text without consent is among it as `no_consent`."""

    conversations: tuple[str, ...]
    """The platform's references, as the gateway was given them."""
    with_messages: set[str] = field(default_factory=set)
    """Those of them of which at least one message was accepted: each will have a session."""
    messages: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def count(self, reference: str, kind: object, outcome: str) -> None:
        """Take note of one event."""
        self.messages += kind == "message"
        if outcome == ACCEPTED:
            self.accepted += 1
            if kind == "message":
                self.with_messages.add(reference)
        else:
            self.refused[outcome] += 1


async def send_all(
    conversations: Sequence[Conversation],
    settings: Settings,
    *,
    tenant: str,
    speed: Speed,
    run: str,
    sent: Callable[[], None] = lambda: None,
) -> Replayed:
    """Send everything and wait for every answer; `sent` is called after each event.

    Every id derives from the source and the name of the run, so a repeated or resumed run adds nothing twice.

    Raises:
        Misconfigured: the tenant has no secret.
        Denied: the gateway does not know the tenant or the secret.
        Unavailable: the gateway stays away.
    """
    references = {conversation.reference: f"{run}:{conversation.reference}" for conversation in conversations}
    replayed = Replayed(tuple(references.values()))
    at_once = asyncio.Semaphore(SIDE_BY_SIDE)
    url = f"http://{settings.gateway.host}:{settings.gateway.port}/v1/{tenant}/events"
    limits = httpx.Limits(max_connections=SIDE_BY_SIDE, max_keepalive_connections=SIDE_BY_SIDE)
    async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, limits=limits, trust_env=False) as client:
        sender = Sender(client, url, _secret(settings, tenant))

        async def replay_one(conversation: Conversation) -> None:
            reference = references[conversation.reference]
            async with at_once:
                timeline = Timeline(datetime.now(UTC), conversation.duration_s, speed)
                for number, step in enumerate(conversation.steps):
                    if wait_s := timeline.wait_s(step.at_s, datetime.now(UTC)):
                        await asyncio.sleep(wait_s)
                    payload = dict(step.payload) | {"conversation_id": reference}
                    if time_field := TIME_FIELD.get(str(payload["type"])):
                        payload[time_field] = timeline.time_of(step.at_s).isoformat()
                    outcome = await sender.deliver(str(uuid5(NAMESPACE, f"replay\n{reference}\n{number}")), payload)
                    replayed.count(reference, payload["type"], outcome)
                    sent()

        try:
            async with asyncio.TaskGroup() as group:
                for conversation in conversations:
                    group.create_task(replay_one(conversation))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # they all met the same gateway
    return replayed


def _secret(settings: Settings, tenant: str) -> str:
    known = settings.tenants.get(tenant)
    if known is None or not known.webhook_secrets:
        raise Misconfigured(f"tenants.{tenant}.webhook_secrets is not set, so nothing could be signed.")
    return known.webhook_secrets[0].get_secret_value()
