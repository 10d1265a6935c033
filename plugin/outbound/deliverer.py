"""The deliverer: it plans the digests that are due, and sends what waits for one receiver, one after the other."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from plugin.database.engine import transaction
from plugin.outbound import deliveries
from plugin.outbound.deliveries import MAX_ATTEMPTS, Reason, Taken
from plugin.outbound.notice import Notice
from plugin.outbound.receivers import Receiver
from plugin.queue.digests import DeliveryState
from plugin.queue.due_digests import due_since
from plugin.queue.news import count_news
from stream.runtime.logging import get_logger
from stream.runtime.metrics import DIGEST_DUE, DIGESTS


class Deliverer:
    """A deliverer of digests. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, engine: Engine, public_url: str, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._public_url = public_url
        self._now = now

    def plan(self) -> int:
        """Add a delivery for each person whose digest is due, and return how many."""
        with transaction(self._engine) as session:
            added = deliveries.plan(session, self._now())
        if added:
            get_logger().info("digests_planned", count=added)
        return added

    def measure(self) -> None:
        """Set the metric that says for how long the oldest digest has been due."""
        now = self._now()
        with transaction(self._engine) as session:
            since = due_since(session, now)
        DIGEST_DUE.set(0 if since is None else (now - since).total_seconds())

    def deliver_one(self, receiver: Receiver) -> bool:
        """Send the digest that has waited longest for a receiver, and return whether there was one."""
        with transaction(self._engine) as session:
            taken = deliveries.take(session, receiver.way, receiver.name, self._now())
        if taken is None:
            return False
        if taken.attempt > MAX_ATTEMPTS:
            self._finish(receiver, taken, DeliveryState.FAILED, Reason.INTERRUPTED)
        elif not taken.address:
            self._finish(receiver, taken, DeliveryState.FAILED, Reason.NOT_WANTED)
        else:
            self._send(receiver, taken)
        return True

    def _send(self, receiver: Receiver, taken: Taken) -> None:
        with transaction(self._engine, taken.viewer.user_id) as session:
            counts = count_news(session, taken.viewer, taken.since, taken.until)
        if counts.is_nothing:
            self._finish(receiver, taken, DeliveryState.NOTHING_NEW)
            return
        notice = Notice(taken.delivery_id, taken.viewer, taken.since, taken.until, counts, self._public_url)
        refusal = receiver.send(notice, taken.address)
        if refusal is None:
            self._finish(receiver, taken, DeliveryState.SENT)
        elif refusal.is_final or taken.attempt == MAX_ATTEMPTS:
            self._finish(receiver, taken, DeliveryState.FAILED, refusal.reason)
        else:
            with transaction(self._engine) as session:
                deliveries.try_again(session, taken, refusal.reason, self._now())
            DIGESTS.labels(way=receiver.way, outcome="tried").inc()
            get_logger().warning("digest_not_taken", reason=refusal.reason.value, attempt=taken.attempt)

    def _finish(self, receiver: Receiver, taken: Taken, state: DeliveryState, reason: Reason | None = None) -> None:
        with transaction(self._engine) as session:
            is_news = deliveries.finish(session, taken, state, reason, self._now())
        if is_news:
            DIGESTS.labels(way=receiver.way, outcome=reason or state).inc()
            get_logger().info("digest_ended", state=state.value, reason=reason, attempt=taken.attempt)
