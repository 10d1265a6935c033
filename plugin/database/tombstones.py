"""Tombstones of erasures and withdrawals, which are added with them and checked before every write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import FingerprintKey
from plugin.database.tables import Tombstone, TombstoneKind


@dataclass(frozen=True)
class Subject:
    """The subject of a tombstone: a conversation or a person in one role, by its pseudonym, or a message."""

    kind: TombstoneKind
    tenant: str
    pseudonym: str

    def hash(self, key: FingerprintKey) -> bytes:
        """Return the hash in a tombstone. The erasures and withdrawals of one conversation have the same hash."""
        by_conversation = self.kind in {TombstoneKind.ERASURE, TombstoneKind.WITHDRAWAL}
        kind = "conversation" if by_conversation else self.kind.value
        return key.fingerprint(kind, f"{self.tenant}\x1f{self.pseudonym}")


def add_tombstone(
    session: Session, key: FingerprintKey, subject: Subject, *, until: datetime, erasure_id: str | None, now: datetime
) -> None:
    """Add the tombstone of an erasure or a withdrawal; adding it again changes nothing.

    For a person this waits for every write about them that is in progress, so that records that were not refused are
    then committed and can be found.
    """
    hashed = subject.hash(key)
    if subject.kind.is_person:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_number(hashed)})
    values = {"subject_hash": hashed, "kind": subject.kind.value, "until": until, "erasure_id": erasure_id}
    session.exec(insert(Tombstone).values(**values, recorded_at=now).on_conflict_do_nothing())


def find_tombstone_times(
    session: Session, key: FingerprintKey, subject: Subject, since: datetime
) -> Sequence[datetime]:
    """Return the times up to which a subject was erased or withdrawn, without those before `since`."""
    return session.exec(
        select(Tombstone.until)
        .where(
            col(Tombstone.subject_hash) == subject.hash(key),
            col(Tombstone.kind) == subject.kind.value,
            col(Tombstone.until) >= since,
        )
        .order_by(col(Tombstone.until))
    ).all()


def has_person_tombstone(session: Session, key: FingerprintKey, people: Iterable[Subject], since: datetime) -> bool:
    """Return whether one of these people was erased, up to `since` or a later time.

    No tombstone of these people can be added until the transaction ends: see `add_tombstone`.
    """
    hashes = {subject.hash(key): subject.kind.value for subject in people}
    for lock in sorted(map(_lock_number, hashes)):
        session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": lock})
    found = session.exec(
        select(Tombstone.subject_hash, Tombstone.kind).where(
            col(Tombstone.subject_hash).in_(hashes), col(Tombstone.until) >= since
        )
    )
    return any(hashes[hashed] == kind for hashed, kind in found)


def message_subject(tenant: str, conversation_id: str, message_id: str) -> Subject:
    """Return a deleted message as the subject of a tombstone."""
    return Subject(TombstoneKind.MESSAGE, tenant, f"{conversation_id}\x1f{message_id}")


def deleted_messages(
    session: Session, key: FingerprintKey, tenant: str, conversation_id: str, message_ids: Iterable[str]
) -> set[str]:
    """Return those of a conversation's messages that were deleted after a session of it was stored."""
    by_hash = {message_subject(tenant, conversation_id, one).hash(key): one for one in message_ids}
    found = session.exec(
        select(Tombstone.subject_hash).where(
            col(Tombstone.subject_hash).in_(by_hash), col(Tombstone.kind) == TombstoneKind.MESSAGE.value
        )
    )
    return {by_hash[hashed] for hashed in found}


def _lock_number(hashed: bytes) -> int:
    return int.from_bytes(hashed[:8], signed=True)
