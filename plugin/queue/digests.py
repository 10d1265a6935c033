"""Digests of one person: their preferences, what is new for them, and the mark up to which they have read.

Each method is one transaction on the person's behalf; every change has its entry in the audit trail.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredDelivery, StoredDigestMark, StoredDigestPreferences
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.digest_preferences import DigestPreferences, Way, preferences_of
from plugin.queue.due_digests import due_since
from plugin.queue.news import FIRST_DAYS, News, read_news


class DeliveryState(StrEnum):
    """What has come of the digest of one day; the values are stored."""

    WAITING = "waiting"
    """It is to be sent, or sent again."""
    SENT = "sent"
    NOTHING_NEW = "nothing_new"
    """Nobody was written to, since there was nothing new."""
    FAILED = "failed"


@dataclass(frozen=True)
class DeliveryLine:
    """The latest digest of a person, as their page tells it."""

    period: date
    state: DeliveryState
    way: Way
    attempts: int
    at: datetime | None
    """When it ended."""


class Digests:
    """The digests of the people of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def preferences(self, viewer: Viewer) -> DigestPreferences:
        """Return a person's preferences; without any, no digest is sent."""
        with transaction(self._database, viewer.user_id) as session:
            row = session.get(StoredDigestPreferences, viewer.user_id)
            return DigestPreferences(zone=viewer.zone) if row is None else preferences_of(row)

    def set_preferences(self, viewer: Viewer, wanted: DigestPreferences, *, request_id: str = "") -> None:
        """Store a person's preferences, which count from now on."""
        values = _values(wanted)
        with transaction(self._database, viewer.user_id) as session:
            self._store(session, viewer, values, values, request_id)

    def set_times(
        self,
        viewer: Viewer,
        *,
        zone: str | None = None,
        days: Collection[int] | None = None,
        hour: int | None = None,
        request_id: str = "",
    ) -> None:
        """Store when digests come and on which clocks; what is None stays, and so do way and receiver in any case.

        No other column is written, so that an address that the person changes meanwhile is not put back.
        """
        wanted = {"zone": zone, "days": None if days is None else sorted(days), "hour": hour}
        changes = {name: value for name, value in wanted.items() if value is not None}
        with transaction(self._database, viewer.user_id) as session:
            first = _values(DigestPreferences(zone=viewer.zone)) | changes
            self._store(session, viewer, first, changes, request_id)

    def latest(self, viewer: Viewer) -> DeliveryLine | None:
        """Return a person's latest digest, or None if none was due yet."""
        own = col(StoredDelivery.account_id) == viewer.user_id
        latest = select(StoredDelivery).where(own).order_by(col(StoredDelivery.period).desc()).limit(1)
        with transaction(self._database, viewer.user_id) as session:
            row = session.exec(latest).first()
            if row is None:
                return None
            return DeliveryLine(row.period, DeliveryState(row.state), Way(row.way), row.attempts, row.ended_at)

    def due_since(self, viewer: Viewer) -> datetime | None:
        """Return since when the oldest digest of anybody is due, to an operator; None where none is, or to others."""
        if viewer.role is not AccountRole.OPERATOR:
            return None
        with transaction(self._database, viewer.user_id) as session:
            return due_since(session, self._now())

    def news(self, viewer: Viewer) -> News:
        """Return what is new for a person since they last said that they have read; looking changes nothing."""
        now = self._now()
        with transaction(self._database, viewer.user_id) as session:
            mark = session.get(StoredDigestMark, viewer.user_id)
            since = now - timedelta(days=FIRST_DAYS) if mark is None else mark.read_until
            return read_news(session, viewer, since, now)

    def mark_read(self, viewer: Viewer, until: datetime, *, request_id: str = "") -> None:
        """Store that a person has read what was new up to a time; the mark never moves back, nor beyond the present."""
        read = insert(StoredDigestMark).values(account_id=viewer.user_id, read_until=min(until, self._now()))
        later = func.greatest(StoredDigestMark.read_until, read.excluded.read_until)
        with transaction(self._database, viewer.user_id) as session:
            session.exec(read.on_conflict_do_update(index_elements=["account_id"], set_={"read_until": later}))
            self._audit(session, viewer, "digest read", request_id)

    def _store(
        self,
        session: Session,
        viewer: Viewer,
        first: Mapping[str, object],
        changes: Mapping[str, object],
        request_id: str,
    ) -> None:
        """Store a person's first preferences, or change those that they have."""
        set_at = {"set_at": self._now()}
        session.exec(
            insert(StoredDigestPreferences)
            .values(account_id=viewer.user_id, **first, **set_at)
            .on_conflict_do_update(index_elements=["account_id"], set_={**changes, **set_at})
        )
        self._audit(session, viewer, "digest preferences", request_id)

    def _audit(self, session: Session, viewer: Viewer, purpose: str, request_id: str) -> None:
        add_audit_entry(
            session,
            viewer,
            purpose=purpose,
            object_type="account",
            object_id=viewer.user_id,
            outcome="done",
            request_id=request_id,
        )


def _values(wanted: DigestPreferences) -> dict[str, object]:
    """Return preferences as a row holds them."""
    return {
        "way": wanted.way.value,
        "receiver": wanted.receiver,
        "days": sorted(wanted.days),
        "hour": wanted.hour,
        "zone": wanted.zone,
    }
