"""What must not come back: erasures and withdrawals, kept by keyed hash and asked before every write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import FingerprintKey
from plugin.database.tables import Forgotten, ForgottenKind

_PEOPLE = (ForgottenKind.CLIENT, ForgottenKind.COUNSELLOR)


@dataclass(frozen=True)
class Subject:
    """What is to be forgotten: a conversation, or a person in one role, by its pseudonym."""

    kind: ForgottenKind
    tenant: str
    pseudonym: str

    def hash(self, key: FingerprintKey) -> bytes:
        """How the guard knows it again. A conversation's erasures and withdrawals have one hash."""
        what = self.kind.value if self.kind in _PEOPLE else "conversation"
        return key.fingerprint(what, f"{self.tenant}\x1f{self.pseudonym}")


def remember(
    session: Session, key: FingerprintKey, subject: Subject, *, until: datetime, erasure_id: str | None, now: datetime
) -> None:
    """Note that something was to be forgotten; a second time changes nothing.

    For a person this waits for every write about them that is under way: what was not yet refused is then committed
    and can be found.
    """
    hashed = subject.hash(key)
    if subject.kind in _PEOPLE:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_of(hashed)})
    values = {"subject_hash": hashed, "kind": subject.kind.value, "until": until, "erasure_id": erasure_id}
    session.exec(insert(Forgotten).values(**values, recorded_at=now).on_conflict_do_nothing())


def until(session: Session, key: FingerprintKey, subject: Subject, since: datetime) -> Sequence[datetime]:
    """The times up to which something was to be forgotten, those not before `since`."""
    return session.exec(
        select(Forgotten.until)
        .where(
            col(Forgotten.subject_hash) == subject.hash(key),
            col(Forgotten.kind) == subject.kind.value,
            col(Forgotten.until) >= since,
        )
        .order_by(col(Forgotten.until))
    ).all()


def is_any_of(session: Session, key: FingerprintKey, people: Iterable[Subject], since: datetime) -> bool:
    """Whether one of these people is to be forgotten with all that began at `since`.

    Until the transaction ends nobody can be added: see `remember`.
    """
    hashes = {subject.hash(key): subject.kind.value for subject in people}
    for lock in sorted(map(_lock_of, hashes)):
        session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": lock})
    found = session.exec(
        select(Forgotten.subject_hash, Forgotten.kind).where(
            col(Forgotten.subject_hash).in_(hashes), col(Forgotten.until) >= since
        )
    )
    return any(hashes[hashed] == kind for hashed, kind in found)


def _lock_of(hashed: bytes) -> int:
    return int.from_bytes(hashed[:8], signed=True)
