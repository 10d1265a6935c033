"""The delivery of notices of releases to one stored receiver: one after the other, each until it is taken or too old.

As with digests, a process that dies between the sending and the record of it leaves a notice that is taken again after
its lease: it is sent at least once, and each time with the same id. A notice that was not taken holds those after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, func, update
from sqlmodel import Session, col, delete, select

from plugin.database.engine import transaction
from plugin.database.tables import StoredReceiver, StoredReleaseNotice
from plugin.outbound.deliveries import LEASE, Reason
from plugin.outbound.pauses import LATER
from plugin.outbound.release_body import release_body
from plugin.outbound.stored_receivers import ServedReceiver
from plugin.queue.release_notices import NoticeKind, NoticeState
from stream.runtime.logging import get_logger
from stream.runtime.metrics import NOTICE_WAITING, NOTICES

GIVEN_UP_AFTER: Final = timedelta(days=3)
"""A receiver may be away over a weekend. After that its operator asks for a replay, or looks at the page."""
KEPT: Final = timedelta(days=30)
"""How long an ended notice is kept, and may be replayed."""


@dataclass(frozen=True)
class TakenNotice:
    """A notice that this process holds."""

    number: int
    notice_id: UUID
    kind: NoticeKind
    release_id: UUID
    session_id: UUID
    content: dict[str, Any]
    made_at: datetime
    waiting_since: datetime
    attempt: int


class ReleaseDelivery:
    """A deliverer of notices. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, engine: Engine, public_url: str, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._public_url = public_url
        self._now = now

    def measure(self) -> None:
        """Set the metric of the oldest notice that waits for an enabled receiver, and remove what is kept no longer."""
        now = self._now()
        with transaction(self._engine) as session:
            session.exec(delete(StoredReleaseNotice).where(col(StoredReleaseNotice.ended_at) < now - KEPT))
            since = session.exec(
                select(func.min(StoredReleaseNotice.waiting_since))
                .join(StoredReceiver, col(StoredReceiver.receiver_id) == col(StoredReleaseNotice.receiver_id))
                .where(
                    col(StoredReceiver.disabled_at).is_(None),
                    col(StoredReleaseNotice.state) == NoticeState.WAITING.value,
                )
            ).one()
        NOTICE_WAITING.set(0 if since is None else max(0.0, (now - since).total_seconds()))

    def deliver_one(self, receiver: ServedReceiver) -> bool:
        """Send the notice that is next for a receiver, and return whether another one may follow at once."""
        with transaction(self._engine) as session:
            taken = _take(session, receiver.receiver_id, self._now())
        if taken is None:
            return False
        body = release_body(
            taken.kind, taken.release_id, taken.session_id, taken.content, taken.made_at, self._public_url
        )
        answer = receiver.webhook.post(taken.notice_id, body)
        state, reason = NoticeState.SENT, None
        if not answer.is_taken:
            is_over = self._now() - taken.waiting_since >= GIVEN_UP_AFTER
            state = NoticeState.FAILED if is_over else NoticeState.WAITING
            reason = Reason.UNREACHABLE if answer.status is None else Reason.NOT_ACCEPTED
        with transaction(self._engine) as session:
            _put(session, taken, state, reason, self._now())
        outcome = "tried" if state is NoticeState.WAITING else state.value
        NOTICES.labels(receiver=receiver.name, outcome=outcome).inc()
        get_logger().info("release_told", receiver=receiver.name, state=outcome, status=answer.status)
        return state is not NoticeState.WAITING


def _take(session: Session, receiver_id: UUID, now: datetime) -> TakenNotice | None:
    """Take the notice that is next for a receiver; None if there is none, it is not due, or another process has it."""
    row = session.exec(
        select(StoredReleaseNotice)
        .where(
            col(StoredReleaseNotice.receiver_id) == receiver_id,
            col(StoredReleaseNotice.state) == NoticeState.WAITING.value,
        )
        .order_by(col(StoredReleaseNotice.number))
        .limit(1)
        .with_for_update()
    ).first()
    if row is None or row.next_try_at > now or (row.leased_until is not None and row.leased_until > now):
        return None
    row.attempts, row.leased_until = row.attempts + 1, now + LEASE
    session.add(row)
    assert row.number is not None  # noqa: S101 - the database has numbered it
    return TakenNotice(
        number=row.number,
        notice_id=row.notice_id,
        kind=NoticeKind(row.kind),
        release_id=row.release_id,
        session_id=row.session_id,
        content=row.content,
        made_at=row.made_at,
        waiting_since=row.waiting_since,
        attempt=row.attempts,
    )


def _put(session: Session, taken: TakenNotice, state: NoticeState, reason: Reason | None, now: datetime) -> None:
    """Write what came of a try, unless another process has taken the notice since; what was sent was sent all the same.

    A notice whose session was removed meanwhile is gone, and stays so.
    """
    mine = [col(StoredReleaseNotice.number) == taken.number]
    if state is not NoticeState.SENT:
        mine.append(col(StoredReleaseNotice.attempts) == taken.attempt)
        mine.append(col(StoredReleaseNotice.state) == NoticeState.WAITING.value)
    is_waiting = state is NoticeState.WAITING
    pause = LATER[min(taken.attempt, len(LATER)) - 1]
    session.exec(
        update(StoredReleaseNotice)
        .where(*mine)
        .values(
            state=state.value,
            reason=reason,
            next_try_at=now + pause if is_waiting else now,
            ended_at=None if is_waiting else now,
            leased_until=None,
        )
        .execution_options(synchronize_session=False)
    )
