"""Notices of releases: that a session was released, for each receiver that asked for it, made with the decision itself.

A notice says which session and moments are released and for whom, by ids; never text, level or a client's name. That a
release has ended, whatever ends it, the database tells by triggers (`migrations/versions/r0031_...`).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from sqlalchemy import insert, or_
from sqlmodel import Session, col, select

from plugin.database.tables import StoredAnswer, StoredExchange, StoredReceiver, StoredReleaseNotice, StoredSession
from plugin.queue.judgements import answers_exchange
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.scope import is_for_therapist
from stream.contracts.ids import NAMESPACE


class NoticeKind(StrEnum):
    """What a notice tells; the values are stored and sent."""

    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    """What was released is so no more."""


class EndOfRelease(StrEnum):
    """Why a release has ended; the database writes the values."""

    WITHHELD = "withheld"
    """A supervisor decided otherwise."""
    CHANGED = "changed"
    """The session goes on, or has another revision, about which nobody has decided yet."""
    REMOVED = "removed"
    """Nothing is left to read: consent was withdrawn, or it was erased, or its time is over."""


class NoticeState(StrEnum):
    """What has come of a notice; the values are stored."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


def release_id(session_id: UUID, revision: int, at: datetime) -> UUID:
    """Return the id of a release, which is that of its notice."""
    return uuid5(NAMESPACE, f"release\x1f{session_id}\x1f{revision}\x1f{at.isoformat()}")


def announce_release(session: Session, row: StoredSession, at: datetime) -> int:
    """Make a notice of a session's release for each receiver that asked for it, and return how many.

    None is made where every moment was kept back: then there is nothing for anybody to read.
    """
    receivers = session.exec(
        select(StoredReceiver.receiver_id).where(
            col(StoredReceiver.disabled_at).is_(None),
            col(StoredReceiver.removed_at).is_(None),
            col(StoredReceiver.kinds).contains([ReceiverKind.RELEASES.value]),
            or_(col(StoredReceiver.tenant).is_(None), col(StoredReceiver.tenant) == row.tenant),
        )
    ).all()
    moments = _moments_of(session, row.session_id) if receivers else []
    if not moments:
        return 0
    released = release_id(row.session_id, row.revision, at)
    content = {
        "tenant": row.tenant,
        "conversation_id": row.conversation_id,
        "revision": row.revision,
        "counsellors": list(dict.fromkeys(counsellor for _, counsellor in moments)),
        "moments": [str(exchange_id) for exchange_id, _ in moments],
    }
    values = {
        "notice_id": released,
        "kind": NoticeKind.RELEASED.value,
        "release_id": released,
        "session_id": row.session_id,
        "content": content,
        "made_at": at,
        "waiting_since": at,
        "state": NoticeState.WAITING.value,
        "attempts": 0,
        "next_try_at": at,
    }
    # Inline: who releases may not read notices, so the database is not asked for their numbers.
    made = insert(StoredReleaseNotice).values([{"receiver_id": each, **values} for each in receivers]).inline()
    session.exec(made)
    return len(receivers)


def _moments_of(session: Session, session_id: UUID) -> list[tuple[UUID, str]]:
    """Return the moments that a session's therapists may read once it is released, each with its counsellor."""
    found = session.exec(
        select(StoredExchange.exchange_id, StoredExchange.counsellor)
        .join(StoredAnswer, answers_exchange())
        .where(
            col(StoredExchange.session_id) == session_id,
            col(StoredExchange.counsellor).is_not(None),
            is_for_therapist(),
        )
        .order_by(col(StoredExchange.position))
    )
    return [(exchange_id, counsellor) for exchange_id, counsellor in found if counsellor is not None]
