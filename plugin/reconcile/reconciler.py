"""One look at every platform: what its deliveries lost is found and published."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from plugin.adapters.base import PlatformEvent
from plugin.adapters.chatwoot import Chatwoot
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.reconcile.chatwoot_api import ChatwootApi, ListedConversation
from plugin.reconcile.missing import missing_events
from plugin.reconcile.seen import Seen
from stream.contracts.errors import Misconfigured, Poison, Unavailable
from stream.contracts.messages import Participants
from stream.runtime.logging import get_logger
from stream.runtime.metrics import RECONCILED

LOOK_BACK: Final = timedelta(hours=12)
"""How long ago a message may have been sent: a night without anybody who looks. Its topic is kept for three days."""
SETTLE: Final = timedelta(seconds=30)
"""How long a conversation must have been still: its deliveries may be on their way."""
MARGIN: Final = timedelta(minutes=10)
"""By how much the topic is read further back than messages are, since clocks differ."""


class Topic(Protocol):
    """The messages topic; see `topic.MessagesTopic`."""

    def catch_up(self, seen: Seen, since: datetime) -> None:
        """Add to `seen` what is on the topic and was not yet read."""

    def publish(self, events: Iterable[PlatformEvent]) -> None:
        """Return when the broker has all events."""


@dataclass(frozen=True)
class ReconciledTenant:
    """A tenant whose platform can be asked what it has."""

    name: str
    api: ChatwootApi
    adapter: Chatwoot
    pseudonyms: Pseudonyms = field(repr=False)


class Reconciler:
    """A reconciler of some tenants. What it remembers only saves work: a new one finds the same."""

    def __init__(self, tenants: Iterable[ReconciledTenant], topic: Topic, now: Callable[[], datetime]) -> None:
        self._tenants = tuple(tenants)
        self._topic = topic
        self._now = now
        self._seen = Seen(frozenset(tenant.name for tenant in self._tenants))
        self._compared: dict[tuple[str, str], datetime] = {}

    def look(self) -> Mapping[str, str]:
        """Publish what is missing of every tenant, and return what is wrong with a tenant's platform, by its name.

        Raises:
            Unavailable: the broker does not answer.
            Misconfigured: the broker refuses our user.
        """
        now = self._now()
        self._topic.catch_up(self._seen, now - LOOK_BACK - MARGIN)
        self._seen.forget(now - LOOK_BACK - MARGIN)
        self._compared = {key: at for key, at in self._compared.items() if at >= now - LOOK_BACK}
        troubles = {}
        for tenant in self._tenants:
            found: list[tuple[ListedConversation, list[PlatformEvent]]] = []
            try:
                for difference in self._differences(tenant, now):
                    found.append(difference)  # noqa: PERF402 - what was found before a failure is kept
            except (Unavailable, Misconfigured) as error:
                troubles[tenant.name] = str(error)
                get_logger().warning("platform_not_read", tenant=tenant.name, error_type=type(error).__name__)
            for listed, events in found:
                self._publish(tenant.name, events, now)
                self._compared[tenant.name, listed.reference] = listed.last_activity_at
        return troubles

    def _differences(
        self, tenant: ReconciledTenant, now: datetime
    ) -> Iterator[tuple[ListedConversation, list[PlatformEvent]]]:
        """Yield each conversation that has changed since it was last compared, with what is missing of it."""
        for listed in tenant.api.resolved(now - LOOK_BACK):
            is_still = listed.last_activity_at <= now - SETTLE
            if is_still and self._compared.get((tenant.name, listed.reference)) != listed.last_activity_at:
                yield listed, self._missing(tenant, listed, now)

    def _missing(self, tenant: ReconciledTenant, listed: ListedConversation, now: datetime) -> list[PlatformEvent]:
        try:
            lines = tenant.api.messages(listed, now - LOOK_BACK)
            return missing_events(
                listed, lines, self._seen, adapter=tenant.adapter, tenant=tenant.name, pseudonyms=tenant.pseudonyms
            )
        except Poison as poison:  # one conversation that cannot be read keeps no other from being read
            get_logger().warning("conversation_not_read", tenant=tenant.name, place=poison.place)
            return []

    def _publish(self, tenant: str, events: Sequence[PlatformEvent], now: datetime) -> None:
        if not events:
            return
        self._topic.publish(events)
        for event in events:
            self._seen.add(event, now)
        kinds = [event.event_type.split(".")[1] for event in events if not isinstance(event, Participants)]
        for kind in kinds:
            RECONCILED.labels(tenant, kind).inc()
        get_logger().info("conversation_reconciled", tenant=tenant, count=len(kinds))
