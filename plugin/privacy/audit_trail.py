"""Verification of the audit trail's hash chain, and removal of old entries so that the rest can still be verified.

An entry holds the hash of the one before it, so a changed, inserted or removed entry makes the entries after it wrong.
Somebody with the right to rewrite the whole table could rewrite the whole chain: an anchor (`number:hash`) that was
printed and kept elsewhere shows that too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlmodel import Session, col, delete, func, select

from plugin.database.audit import INITIAL_HASH, add_audit_entry, entry_hash
from plugin.database.tables import AuditEntry
from stream.contracts.errors import Misconfigured

READ_BATCH: Final = 1_000
REMOVAL_BATCH: Final = 2_000
"""Entries in one transaction; the database's trigger checks each entry before it is deleted."""


@dataclass(frozen=True)
class Anchor:
    """The number and the hash of an entry, by which the trail can be checked later."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an anchor in the form in which it is printed.

        Raises:
            Misconfigured: the text is not an anchor.
        """
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or len(digest) != 2 * len(INITIAL_HASH):
            raise Misconfigured("An anchor looks like 1234:5f0c... : the number of an entry and its hash.")
        return cls(int(number), digest.lower())

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True)
class ChainVerification:
    """The result of verifying the chain. `problem` is a sentence, None when the chain is intact."""

    entries: int
    first: int
    """The number of the first entry that is kept; retention removed those before it."""
    last: Anchor | None
    problem: str | None


def verify_chain(session: Session, anchor: Anchor | None = None) -> ChainVerification:
    """Verify the whole chain, and that it still contains the entry of an earlier anchor."""
    removed = _removal_anchor(session)
    first, count = 1, 0
    last = Anchor(0, INITIAL_HASH.hex())
    if removed is not None:
        first, last = removed.seq + 1, removed
    is_anchor_found = anchor is None or last == anchor
    for entry in _entries(session):
        count += 1
        problem = _entry_problem(entry, last)
        if problem is not None:
            return ChainVerification(count, first, last, problem)
        last = Anchor(last.seq + 1, (entry.hash or b"").hex())
        is_anchor_found = is_anchor_found or last == anchor
    problem = None
    if anchor is not None and not is_anchor_found:
        problem = (
            f"Entry {anchor.seq} is older than what is kept (from {first} on): keep a later anchor."
            if anchor.seq < first - 1
            else f"Entry {anchor.seq} is not the one of the anchor: the trail was rewritten, or is another one."
        )
    return ChainVerification(count, first, last if last.seq else None, problem)


def _entries(session: Session) -> Iterator[AuditEntry]:
    """Yield all entries in order, reading `READ_BATCH` of them at a time."""
    after = 0
    while True:
        page = select(AuditEntry).where(col(AuditEntry.seq) > after).order_by(col(AuditEntry.seq)).limit(READ_BATCH)
        rows = session.exec(page).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].seq or 0
        session.expunge_all()


def newest_anchor(session: Session) -> Anchor | None:
    """Return the anchor of the newest entry, which an operator should keep elsewhere."""
    row = session.exec(select(AuditEntry.seq, AuditEntry.hash).order_by(col(AuditEntry.seq).desc()).limit(1)).first()
    return None if row is None else Anchor(row[0] or 0, (row[1] or b"").hex())


def count_old_entries(session: Session, before: datetime) -> int:
    """Return how many entries repeated calls of `remove_old_entries` would remove in all."""
    return max(0, _last_old_number(session, before) - _first_number(session) + 1)


def remove_old_entries(session: Session, before: datetime, now: datetime) -> int:
    """Remove up to `REMOVAL_BATCH` of the oldest entries, all written before `before`; return their number.

    A new entry at the end names the last removed one, with its hash; verification starts from there.
    """
    through = min(_last_old_number(session, before), _first_number(session) + REMOVAL_BATCH - 1)
    found = session.exec(select(AuditEntry.hash).where(col(AuditEntry.seq) == through)).first()
    if found is None:
        return 0
    add_audit_entry(
        session,
        None,
        purpose="retention",
        object_type="audit",
        object_id=through,
        outcome=found.hex(),
        request_id="",
        now=now,
    )
    return session.exec(delete(AuditEntry).where(col(AuditEntry.seq) <= through)).rowcount


def _first_number(session: Session) -> int:
    return session.exec(select(func.min(AuditEntry.seq))).one() or 1


def _last_old_number(session: Session, before: datetime) -> int:
    """Return the number of the last entry before the first that is not old; the newest entry always stays."""
    first_young = session.exec(select(func.min(AuditEntry.seq)).where(col(AuditEntry.at) >= before)).one()
    newest = session.exec(select(func.max(AuditEntry.seq))).one() or 0
    return (first_young or newest) - 1


def _removal_anchor(session: Session) -> Anchor | None:
    """Return the anchor of the last entry that retention removed, which the newest tombstone names."""
    row = session.exec(
        select(AuditEntry.object_id, AuditEntry.outcome)
        .where(col(AuditEntry.purpose) == "retention", col(AuditEntry.object_type) == "audit")
        .order_by(col(AuditEntry.seq).desc())
        .limit(1)
    ).first()
    return None if row is None else Anchor(int(row[0]), row[1])


def _entry_problem(entry: AuditEntry, last: Anchor) -> str | None:
    expected = last.seq + 1
    if entry.seq != expected:
        return f"Entry {expected} is missing: the next one there is {entry.seq}."
    if entry.previous is None or entry.previous.hex() != last.hash:
        return f"Entry {expected} does not follow the one before it: something between was removed or exchanged."
    if entry.hash != entry_hash(entry):
        return f"Entry {expected} was changed after it was written."
    return None
