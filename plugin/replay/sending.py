"""Concurrent sending of recorded conversations to the gateway, each in its own order."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid5

import httpx

from plugin.adapters.registry import WEBHOOK
from plugin.replay.conversations import TIME_FIELD, RecordedConversation
from plugin.replay.delivery import ACCEPTED, ANSWER_WITHIN_S, Sender
from plugin.replay.timeline import Speed, Timeline
from stream.contracts.errors import Misconfigured
from stream.contracts.ids import NAMESPACE
from stream.runtime.settings import Settings

SIDE_BY_SIDE = 16
"""How many conversations are sent at once: enough to keep a gateway on two cores busy."""

NO_ENDS: Mapping[str, datetime] = {}


@dataclass
class ReplayResult:
    """The result of a replay; `refused` counts by reason, with text without consent as `no_consent`."""

    conversations: tuple[str, ...]
    """The references of the conversations, as they were sent to the gateway."""
    with_messages: set[str] = field(default_factory=set)
    """The references of conversations with at least one accepted message; each of them will have a session."""
    messages: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def count(self, reference: str, kind: object, outcome: str) -> None:
        """Count the outcome of one event."""
        self.messages += kind == "message"
        if outcome == ACCEPTED:
            self.accepted += 1
            if kind == "message":
                self.with_messages.add(reference)
        else:
            self.refused[outcome] += 1


async def send_conversations(
    conversations: Sequence[RecordedConversation],
    settings: Settings,
    *,
    tenant: str,
    speed: Speed,
    run: str,
    ends: Mapping[str, datetime] = NO_ENDS,
    sent: Callable[[], None] = lambda: None,
) -> ReplayResult:
    """Send all conversations and wait for every answer; `sent` is called after each event.

    Every id is derived from the source and the name of the run, so a repeated or resumed run adds nothing twice.
    `ends` has the time at which a conversation ended, by its reference in the source; another ends as the speed says.

    Raises:
        Misconfigured: the tenant has no secret.
        Denied: the gateway does not know the tenant or the secret.
        Unavailable: the gateway does not answer.
    """
    references = {conversation.reference: f"{run}:{conversation.reference}" for conversation in conversations}
    replayed = ReplayResult(tuple(references.values()))
    at_once = asyncio.Semaphore(SIDE_BY_SIDE)
    url = f"http://{settings.gateway.host}:{settings.gateway.port}/v1/{tenant}/events"
    limits = httpx.Limits(max_connections=SIDE_BY_SIDE, max_keepalive_connections=SIDE_BY_SIDE)
    async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, limits=limits, trust_env=False) as client:
        sender = Sender(client, url, _secret(settings, tenant))

        async def replay_one(conversation: RecordedConversation) -> None:
            reference = references[conversation.reference]
            async with at_once:
                started = ends.get(conversation.reference) or datetime.now(UTC)
                timeline = Timeline(started, conversation.duration_s, speed)
                for number, event in enumerate(conversation.events):
                    if wait_s := timeline.wait_s(event.at_s, datetime.now(UTC)):
                        await asyncio.sleep(wait_s)
                    payload = dict(event.payload) | {"conversation_id": reference}
                    if time_field := TIME_FIELD.get(str(payload["type"])):
                        payload[time_field] = timeline.time_of(event.at_s).isoformat()
                    outcome = await sender.deliver(str(uuid5(NAMESPACE, f"replay\n{reference}\n{number}")), payload)
                    replayed.count(reference, payload["type"], outcome)
                    sent()

        try:
            async with asyncio.TaskGroup() as group:
                for conversation in conversations:
                    group.create_task(replay_one(conversation))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one failure is enough, since all have the same gateway
    return replayed


def _secret(settings: Settings, tenant: str) -> str:
    known = settings.tenants.get(tenant)
    if known is None or not known.webhook_secrets:
        raise Misconfigured(f"tenants.{tenant}.webhook_secrets is not set, so nothing could be signed.")
    if known.platform != WEBHOOK:
        raise Misconfigured(f"tenants.{tenant} speaks {known.platform}: a replay sends to a platform {WEBHOOK} alone.")
    return known.webhook_secrets[0].get_secret_value()
