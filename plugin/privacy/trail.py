"""The audit trail as an auditor reads it: pages, verification and a file. Each reading is itself an entry.

The database shows it to the auditor whom the transaction names, and to nobody else. It holds no text of a session.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine, RowMapping, String, cast, func, select, text
from sqlmodel import Session, col

from plugin.database.audit import add_audit_entry
from plugin.database.engine import RETRY_AFTER_S, transaction
from plugin.database.tables import Account
from plugin.database.viewer import AccountRole, Viewer
from plugin.plain_text import counted, inert_cell
from plugin.privacy.anchors import Anchor
from plugin.privacy.audit_trail import ChainVerification, verify_chain
from plugin.privacy.trail_filter import VIEW, WHOLE, TrailFilter, written_at
from stream.contracts.errors import Unavailable

PAGE: Final = 50
"""Entries of one page: two or three screens."""
FILE_BATCH: Final = 1_000
"""Entries that one transaction reads for a file."""
OBJECT: Final = "trail"
"""The type of object of the entries about reading. Those about the trail's own content are the owner's alone."""
_COLUMNS: Final = {
    "seq": VIEW.c.seq,
    "at": written_at(),
    "account_id": cast(VIEW.c.account_id, String),
    "person": col(Account.username),
    "role": VIEW.c.role,
    "purpose": VIEW.c.purpose,
    "object_type": VIEW.c.object_type,
    "object_id": VIEW.c.object_id,
    "outcome": VIEW.c.outcome,
    "request_id": VIEW.c.request_id,
    "previous": func.encode(VIEW.c.previous, "hex"),
    "hash": func.encode(VIEW.c.hash, "hex"),
}


class TrailPurpose(StrEnum):
    """The purpose of a file of the trail: a closed list, since the trail holds nothing typed. The values are stored."""

    INTERNAL_AUDIT = "internal-audit"
    DATA_PROTECTION = "data-protection"
    """A data protection officer, or a person who asks what was done with their data."""
    INCIDENT = "incident"
    AUTHORITY = "authority"
    """An authority or a court asks for it."""


@dataclass(frozen=True)
class TrailEntry:
    """An entry of the trail; all but its number is text as the database has it."""

    seq: int
    at: str
    """When it was written, in UTC, such as "2026-11-03 14:02:00"."""
    account_id: str | None
    person: str | None
    """The user name of whoever acted; None for a command, and where nobody was logged in."""
    role: str | None
    purpose: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str
    previous: str
    hash: str


@dataclass(frozen=True)
class TrailPage:
    """A page of the trail, the newest entry first."""

    entries: tuple[TrailEntry, ...]
    goes_on: bool
    """Whether there are older entries."""


class Trail:
    """The audit trail of a database, for auditors. Every method may raise `Unavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self,
        viewer: Viewer,
        chosen: TrailFilter = WHOLE,
        before: int | None = None,
        *,
        size: int = PAGE,
        request_id: str = "",
    ) -> TrailPage | None:
        """Return the entries that an auditor asks for, those before a number; None for any other role."""
        if viewer.role is not AccountRole.AUDITOR:
            return None
        wanted = _entries().where(chosen.condition).order_by(VIEW.c.seq.desc()).limit(size + 1)
        with transaction(self._engine, viewer.user_id) as session:
            rows = session.execute(wanted if before is None else wanted.where(VIEW.c.seq < before)).mappings().all()
            found = TrailPage(tuple(TrailEntry(**row) for row in rows[:size]), goes_on=len(rows) > size)
            done = _entries_done(len(found.entries))
            _audit(session, viewer, "read the trail", _span(found.entries), done, request_id)
            return found

    def verify(
        self, viewer: Viewer, anchors: Iterable[Anchor] = (), *, request_id: str = ""
    ) -> ChainVerification | None:
        """Verify the trail as `counterpoint audit verify` does; None for any other role than an auditor."""
        if viewer.role is not AccountRole.AUDITOR:
            return None
        with transaction(self._engine) as session:
            # One view of the table to the end: retention may remove entries meanwhile.
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            session.execute(text("SELECT set_config('counterpoint.account', :id, true)"), {"id": str(viewer.user_id)})
            found = verify_chain(session, anchors, source=str(VIEW))
        result = f"intact, {counted(found.entries, 'entry', 'entries')}" if found.problem is None else "broken"
        with transaction(self._engine, viewer.user_id) as session:
            through = "" if found.last is None else found.last.seq
            _audit(session, viewer, "verify the trail", through, result, request_id)
        return found

    def file(
        self, viewer: Viewer, purpose: TrailPurpose, chosen: TrailFilter = WHOLE, *, request_id: str = ""
    ) -> Iterator[str] | None:
        """Return the lines of a CSV file of the entries that an auditor asks for; None for any other role.

        The entry about it comes before anything is read. A spreadsheet takes no cell for a formula.
        """
        if viewer.role is not AccountRole.AUDITOR:
            return None
        entry = f"download the trail: {purpose}"
        with transaction(self._engine, viewer.user_id) as session:
            newest, rows = session.execute(
                select(func.max(VIEW.c.seq), func.count()).select_from(VIEW).where(chosen.condition)
            ).one()
            _audit(session, viewer, entry, newest or "", "begun", request_id)
        return self._lines(viewer, chosen, newest or 0, rows, entry, request_id)

    def _lines(
        self, viewer: Viewer, chosen: TrailFilter, newest: int, rows: int, entry: str, request_id: str
    ) -> Iterator[str]:
        yield _csv([list(_COLUMNS)])
        after, done = 0, 0
        while batch := self._batch(viewer, chosen, after, newest):
            yield _csv([[_cell(value) for value in row.values()] for row in batch])
            after, done = batch[-1]["seq"], done + len(batch)
        # Entries were removed meanwhile, or the account was disabled: a part of a file must not look like the whole.
        if done != rows:
            raise Unavailable("the audit trail", RETRY_AFTER_S)
        with transaction(self._engine, viewer.user_id) as session:
            _audit(session, viewer, entry, newest or "", _entries_done(done), request_id)

    def _batch(self, viewer: Viewer, chosen: TrailFilter, after: int, newest: int) -> list[RowMapping]:
        within = VIEW.c.seq > after, VIEW.c.seq <= newest
        wanted = _entries().where(chosen.condition, *within).order_by(VIEW.c.seq).limit(FILE_BATCH)
        with transaction(self._engine, viewer.user_id) as session:
            return list(session.execute(wanted).mappings())


def _entries() -> Any:  # a statement whose columns have no common type
    with_person = VIEW.outerjoin(Account.__table__, col(Account.account_id) == VIEW.c.account_id)  # type: ignore[attr-defined]
    return select(*(column.label(name) for name, column in _COLUMNS.items())).select_from(with_person)


def _csv(rows: Sequence[Sequence[object]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _cell(value: object) -> object:
    return inert_cell(value) if isinstance(value, str) else value


def _span(entries: Sequence[TrailEntry]) -> str:
    return f"{entries[-1].seq}-{entries[0].seq}" if entries else ""


def _entries_done(count: int) -> str:
    return f"done {counted(count, 'entry', 'entries')}"


def _audit(session: Session, viewer: Viewer, purpose: str, object_id: object, outcome: str, request_id: str) -> None:
    add_audit_entry(
        session,
        viewer,
        purpose=purpose,
        object_type=OBJECT,
        object_id=object_id,
        outcome=outcome,
        request_id=request_id,
    )
