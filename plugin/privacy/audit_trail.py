"""Verification of the audit trail's hash chain, and removal of old entries so that the rest can still be verified.

An entry holds the hash of the one before it, so a changed, inserted or removed entry makes the entries after it wrong.
Somebody with the right to rewrite the whole table could rewrite the whole chain: an anchor that is kept elsewhere
(`plugin.privacy.anchors`) shows that too.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Row, text
from sqlmodel import Session, col, func, select

from plugin.database.tables import AuditEntry
from plugin.privacy.anchors import INITIAL_HASH, Anchor

READ_BATCH: Final = 1_000
REMOVAL_BATCH: Final = 2_000
"""Entries in one transaction; the database's trigger checks each entry before it is deleted."""
_REMOVAL_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
# Everything is read as text, since the database can hold times that Python cannot.
_CHAIN: Final = "seq, coalesce(previous, '') AS previous, coalesce(hash, '') AS hash"
_CONTENT: Final = (
    "entry_id::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') AS at, account_id::text, role,"
    " purpose, object_type, coalesce(object_id, '') AS object_id, outcome, request_id"
)
TABLE: Final = "public.audit"
"""The trail, as its owner and the role of privacy read it; an auditor reads a view of it."""
_PAGE: Final = (
    f"SELECT {_CHAIN}, {_CONTENT} FROM {{source}}"  # noqa: S608 - constants of this file
    " WHERE CAST(:after AS numeric) IS NULL OR seq > :after ORDER BY seq LIMIT :limit"
)
_NEWEST: Final = text(
    f"SELECT {_CHAIN}, {_CONTENT} FROM public.audit ORDER BY seq DESC LIMIT 1"  # noqa: S608
)


@dataclass(frozen=True)
class ChainVerification:
    """The result of verifying the chain. `problem` is a sentence, None when the chain is intact."""

    entries: int
    first: int
    """The number of the first entry that is kept; retention removed those before it."""
    last: Anchor | None
    problem: str | None
    anchors_found: int = 0
    anchors_removed: int = 0
    """The number of anchors whose entries are older than what is kept."""


def verify_chain(session: Session, anchors: Iterable[Anchor] = (), *, source: str = TABLE) -> ChainVerification:
    """Verify the whole chain, and that it still contains the entries of earlier anchors.

    Whatever the table contains, this returns a result. `source` is the table, or the view of it.
    """
    given = frozenset(anchors)
    count, removed_through = 0, 0
    start = last = Anchor(0, INITIAL_HASH.hex())
    found: set[Anchor] = set()
    for entry in _entries(session, source):
        if count == 0:
            start = last = _start_of(entry)
            found |= given & {start}
        count += 1
        problem = _entry_problem(entry, last)
        removal = _removal(entry)
        if problem is None and removal is not None:
            removed_through = removal.seq
            problem = _removal_problem(entry, removal, start)
        if problem is not None:
            return ChainVerification(count, start.seq + 1, last, problem)
        last = _anchor_of(entry)
        found |= given & {last}
    problem = None
    if removed_through != start.seq:
        problem = f"Entry {removed_through + 1} is missing: the first one there is {start.seq + 1}."
    if count == 0:
        found |= given & {start}
    lost = given - found
    older = {anchor for anchor in lost if anchor.seq < start.seq}
    return ChainVerification(
        count,
        start.seq + 1,
        last if last.seq else None,
        problem or _anchor_problem(found, lost - older, older, first=start.seq + 1),
        len(found),
        len(older),
    )


def newest_anchor(session: Session) -> Anchor:
    """Return the anchor of the newest entry, which an operator should keep elsewhere."""
    row = session.execute(_NEWEST).first()
    return Anchor(0, INITIAL_HASH.hex()) if row is None else _anchor_of(row)


def minimum_days(session: Session) -> float:
    """Return for how many days the database keeps an entry, whoever wants to remove it."""
    return float(session.scalar(text("SELECT extract(epoch FROM public.counterpoint_audit_minimum()) / 86400")) or 0)


def count_old_entries(session: Session, before: datetime) -> int:
    """Return how many entries repeated calls of `remove_old_entries` would remove in all; the newest always stays."""
    cutoff = func.least(before, text("clock_timestamp() - public.counterpoint_audit_minimum()"))
    first_young = session.exec(select(func.min(AuditEntry.seq)).where(col(AuditEntry.at) >= cutoff)).one()
    oldest, newest = session.exec(select(func.min(AuditEntry.seq), func.max(AuditEntry.seq))).one()
    return 0 if oldest is None else max(0, (first_young or newest or oldest) - oldest)


def remove_old_entries(session: Session, before: datetime) -> int:
    """Let the database remove up to `REMOVAL_BATCH` of the oldest entries, and return their number.

    It removes what was written before `before`, and nothing younger than its own minimum. A new entry at the end, a
    tombstone, names the last removed one with its hash; verification starts from there.
    """
    return int(
        session.scalar(
            text("SELECT public.counterpoint_audit_remove(:before, :most)"), {"before": before, "most": REMOVAL_BATCH}
        )
        or 0
    )


def _entries(session: Session, source: str) -> Iterator[Row[tuple[object, ...]]]:
    """Yield all entries in order, reading `READ_BATCH` of them at a time."""
    after, page = None, text(_PAGE.format(source=source))
    while rows := session.execute(page, {"after": after, "limit": READ_BATCH}).all():
        yield from rows
        after = rows[-1].seq


def _start_of(first: Row[tuple[object, ...]]) -> Anchor:
    """Return the anchor of the entry before the first one; it is the beginning of a trail unless some were removed."""
    return Anchor(0, INITIAL_HASH.hex()) if first.seq <= 1 else Anchor(first.seq - 1, bytes(first.previous).hex())


def _anchor_of(entry: Row[tuple[object, ...]]) -> Anchor:
    return Anchor(entry.seq, bytes(entry.hash).hex(), None if entry.at is None else f"{entry.at}Z")


def _entry_hash(entry: Row[tuple[object, ...]]) -> bytes:
    """Return the hash that an entry must have, from its content and from the hash before it."""
    content = [
        *(entry.seq, entry.entry_id, entry.at, entry.account_id, entry.role, entry.purpose, entry.object_type),
        *(entry.object_id, entry.outcome, entry.request_id),
    ]
    return hashlib.sha256(bytes(entry.previous) + json.dumps(content, ensure_ascii=False).encode()).digest()


def _entry_problem(entry: Row[tuple[object, ...]], last: Anchor) -> str | None:
    expected = last.seq + 1
    if entry.seq != expected:
        return f"Entry {expected} is missing: the next one there is {entry.seq}."
    if bytes(entry.previous).hex() != last.hash:
        return f"Entry {expected} does not follow the one before it: something between was removed or exchanged."
    if bytes(entry.hash) != _entry_hash(entry):
        return f"Entry {expected} was changed after it was written."
    return None


def _removal(entry: Row[tuple[object, ...]]) -> Anchor | None:
    """Return the last entry that a tombstone says was removed; None for an entry that is no tombstone.

    The number is -1 where the tombstone names none.
    """
    if (entry.purpose, entry.object_type) != ("retention", "audit"):
        return None
    number = int(entry.object_id) if _REMOVAL_NUMBER.fullmatch(entry.object_id) else -1
    return Anchor(number, entry.outcome)


def _removal_problem(entry: Row[tuple[object, ...]], removal: Anchor, start: Anchor) -> str | None:
    """Return why a tombstone is not one that the database itself has written; None where nothing speaks against it."""
    if not 0 < removal.seq <= start.seq:
        return f"Entry {entry.seq} says that retention removed entries, and they were not removed."
    if removal.seq == start.seq and removal.hash != start.hash:
        return f"Entry {start.seq + 1} does not follow the one that entry {entry.seq} says was removed last."
    return None


def _anchor_problem(found: set[Anchor], lost: frozenset[Anchor], older: set[Anchor], *, first: int) -> str | None:
    if lost:
        number = min(anchor.seq for anchor in lost)
        return f"Entry {number} is not the one of its anchor: the trail was rewritten, or is another one."
    if older and not found:
        return f"Every anchor is older than what is kept (from entry {first} on): keep a later one."
    return None
