"""Outcomes that an operator's program adds through the API. Nothing here reads one: no page shows an outcome."""

from collections.abc import Callable, Collection
from datetime import datetime

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_conversation
from plugin.database.outcome_store import put_outcome
from plugin.queue.account_changes import Actor
from stream.contracts.outcomes import Outcome


class Outcomes:
    """The outcomes of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def add(self, outcomes: Collection[Outcome], by: Actor) -> int:
        """Store the outcomes that have consent to processing, all of them or none, and return how many those are.

        They count as given to us now, so that what was erased or withdrawn before does not concern them. One that was
        sent before changes nothing.
        """
        kept = [each for each in outcomes if each.consent.processing]
        now = self._now()
        with transaction(self._database, None if by.viewer is None else by.viewer.user_id) as session:
            for tenant, conversation_id in sorted({(each.tenant, each.conversation_id) for each in kept}):
                lock_conversation(session, tenant, conversation_id)
            for outcome in kept:
                put_outcome(session, outcome, now, now)
            for tenant in sorted({each.tenant for each in kept}):
                add_audit_entry(
                    session,
                    by.viewer,
                    purpose="outcomes",
                    object_type="platform",
                    object_id=tenant,
                    outcome=f"added {len(kept)}",
                    request_id=by.request_id,
                )
        return len(kept)
