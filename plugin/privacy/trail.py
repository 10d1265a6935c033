"""The trail's chain: proved entry by entry, and cut at its old end so that it can still be proved.

An entry names the hash of the one before it, so that nobody can change, insert or remove one without all that follow
showing it. Who may rewrite the whole table could rewrite the whole chain: an anchor (`number:hash`) that was printed
and kept elsewhere shows that too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlmodel import Session, col, delete, func, select

from plugin.database.audit import BEFORE_THE_FIRST, hash_of, note
from plugin.database.tables import AuditEntry
from stream.contracts.errors import Misconfigured

READ_AT_ONCE: Final = 1_000
CUT_AT_ONCE: Final = 2_000
"""Entries a transaction: each is looked at by the database's own guard before it goes."""


@dataclass(frozen=True)
class Anchor:
    """An entry by number, and its hash."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it as it was printed.

        Raises:
            Misconfigured: it is not an anchor.
        """
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or len(digest) != 2 * len(BEFORE_THE_FIRST):
            raise Misconfigured("An anchor looks like 1234:5f0c... : the number of an entry and its hash.")
        return cls(int(number), digest.lower())

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True)
class Proof:
    """What verifying found. `broken` is a sentence, None when the chain holds."""

    entries: int
    first: int
    """Number of the first entry that is kept; those before it went by retention."""
    last: Anchor | None
    broken: str | None


def verify(session: Session, anchor: Anchor | None = None) -> Proof:
    """Go through the whole chain, and see whether it still holds what an earlier anchor names."""
    expected = _cut_at(session)
    first, count = 1, 0
    last = Anchor(0, BEFORE_THE_FIRST.hex())
    if expected is not None:
        first, last = expected.seq + 1, expected
    seen = anchor is None or last == anchor
    for entry in _entries(session):
        count += 1
        trouble = _trouble(entry, last)
        if trouble is not None:
            return Proof(count, first, last, trouble)
        last = Anchor(last.seq + 1, (entry.hash or b"").hex())
        seen = seen or last == anchor
    broken = None
    if anchor is not None and not seen:
        broken = (
            f"Entry {anchor.seq} is older than what is kept (from {first} on): keep a later anchor."
            if anchor.seq < first - 1
            else f"Entry {anchor.seq} is not the one of the anchor: the trail was rewritten, or is another one."
        )
    return Proof(count, first, last if last.seq else None, broken)


def _entries(session: Session) -> Iterator[AuditEntry]:
    """All of them in order, so many at a time."""
    after = 0
    while True:
        page = select(AuditEntry).where(col(AuditEntry.seq) > after).order_by(col(AuditEntry.seq)).limit(READ_AT_ONCE)
        rows = session.exec(page).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].seq or 0
        session.expunge_all()


def anchor_of(session: Session) -> Anchor | None:
    """The newest entry, to be kept elsewhere."""
    row = session.exec(select(AuditEntry.seq, AuditEntry.hash).order_by(col(AuditEntry.seq).desc()).limit(1)).first()
    return None if row is None else Anchor(row[0] or 0, (row[1] or b"").hex())


def count_before(session: Session, before: datetime) -> int:
    """How many entries `cut` would remove in all."""
    return max(0, _through(session, before) - _first(session) + 1)


def cut(session: Session, before: datetime, now: datetime) -> int:
    """Remove up to `CUT_AT_ONCE` of the oldest entries that were all written before then; returns how many.

    An entry at the new end names the last one that went, with its hash: the chain goes on from there.
    """
    through = min(_through(session, before), _first(session) + CUT_AT_ONCE - 1)
    found = session.exec(select(AuditEntry.hash).where(col(AuditEntry.seq) == through)).first()
    if found is None:
        return 0
    outcome = found.hex()
    note(
        session,
        None,
        purpose="retention",
        object_type="audit",
        object_id=through,
        outcome=outcome,
        request_id="",
        now=now,
    )
    return session.exec(delete(AuditEntry).where(col(AuditEntry.seq) <= through)).rowcount


def _first(session: Session) -> int:
    return session.exec(select(func.min(AuditEntry.seq))).one() or 1


def _through(session: Session, before: datetime) -> int:
    """The number of the last entry before the first that is not old; the newest of all always stays."""
    young = session.exec(select(func.min(AuditEntry.seq)).where(col(AuditEntry.at) >= before)).one()
    newest = session.exec(select(func.max(AuditEntry.seq))).one() or 0
    return (young or newest) - 1


def _cut_at(session: Session) -> Anchor | None:
    """The last entry that went by retention, as the newest tombstone names it."""
    row = session.exec(
        select(AuditEntry.object_id, AuditEntry.outcome)
        .where(col(AuditEntry.purpose) == "retention", col(AuditEntry.object_type) == "audit")
        .order_by(col(AuditEntry.seq).desc())
        .limit(1)
    ).first()
    return None if row is None else Anchor(int(row[0]), row[1])


def _trouble(entry: AuditEntry, last: Anchor) -> str | None:
    wanted = last.seq + 1
    if entry.seq != wanted:
        return f"Entry {wanted} is missing: the next one there is {entry.seq}."
    if entry.previous is None or entry.previous.hex() != last.hash:
        return f"Entry {wanted} does not follow the one before it: something between was removed or exchanged."
    if entry.hash != hash_of(entry):
        return f"Entry {wanted} was changed after it was written."
    return None
