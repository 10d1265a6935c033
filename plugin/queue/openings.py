"""Openings: who of the service has opened a released session and what for, as its therapist may see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from plugin.database.viewer import AccountRole
from plugin.queue.export_entries import ExportPurpose, parse_export_entry


class OpeningKind(StrEnum):
    """How a session was opened; the values are purposes in the audit trail, but for the last one."""

    PAGE = "review"
    DIGEST = "digest"
    ACROSS = "across sessions"
    """Among moments of several sessions, with what the model says of them."""
    SAMPLE = "agreement sample"
    LOOK = "blind look"
    CALIBRATION = "calibration"
    COMPARISON = "calibration comparison"
    EXPORT = "export"
    """Its purpose in the trail says what was exported, and why."""


@dataclass(frozen=True)
class Opening:
    """One person's openings of a session on one day for one purpose, as the audit trail has them."""

    account_id: UUID
    name: str
    role: AccountRole
    kind: OpeningKind
    first: datetime
    times: int
    export: ExportPurpose | None = None
    """What an export was for."""


@dataclass(frozen=True)
class Reader:
    """One person with all their openings of a session, the latest first."""

    name: str
    role: AccountRole
    openings: tuple[Opening, ...]


def openings_of(session: Session, session_id: UUID) -> tuple[Opening, ...]:
    """Return who has opened a session, the latest day first; empty for all but a therapist of a released session.

    The database decides that for the account that the transaction names.
    """
    found = session.execute(
        text("SELECT person, name, role, purpose, first, times FROM public.counterpoint_readings(:session)"),
        {"session": session_id},
    )
    return tuple(
        _opening(row.person, row.name, AccountRole(row.role), row.purpose, row.first, row.times) for row in found
    )


def readers_of(openings: Iterable[Opening]) -> tuple[Reader, ...]:
    """Return the people who opened a session, whoever did so last first."""
    found: dict[UUID, list[Opening]] = {}
    for opening in openings:
        found.setdefault(opening.account_id, []).append(opening)
    return tuple(Reader(each[0].name, each[0].role, tuple(each)) for each in found.values())


def _opening(person: UUID, name: str, role: AccountRole, purpose: str, first: datetime, times: int) -> Opening:
    if purpose.startswith("export "):
        return Opening(person, name, role, OpeningKind.EXPORT, first, times, parse_export_entry(purpose)[1])
    return Opening(person, name, role, OpeningKind(purpose), first, times)
