"""What must not come back: erasures and withdrawals, kept by keyed hash and asked before every write."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.queue.tables import Forgotten, ForgottenKind


def remember(
    session: Session,
    kek: KeyEncryptionKey,
    tenant: str,
    conversation_id: str,
    *,
    kind: ForgottenKind,
    until: datetime,
    erasure_id: str | None,
    now: datetime,
) -> None:
    """Note that something was to be forgotten; a second time changes nothing."""
    session.exec(
        insert(Forgotten)
        .values(
            conversation_hash=_hash(kek, tenant, conversation_id),
            kind=kind.value,
            until=until,
            erasure_id=erasure_id,
            recorded_at=now,
        )
        .on_conflict_do_nothing()
    )


def until(
    session: Session, kek: KeyEncryptionKey, tenant: str, conversation_id: str, kind: ForgottenKind, since: datetime
) -> Sequence[datetime]:
    """The times up to which something was to be forgotten, those not before `since`."""
    return session.exec(
        select(Forgotten.until)
        .where(
            col(Forgotten.conversation_hash) == _hash(kek, tenant, conversation_id),
            col(Forgotten.kind) == kind.value,
            col(Forgotten.until) >= since,
        )
        .order_by(col(Forgotten.until))
    ).all()


def _hash(kek: KeyEncryptionKey, tenant: str, conversation_id: str) -> bytes:
    return kek.fingerprint("conversation", f"{tenant}\x1f{conversation_id}")
