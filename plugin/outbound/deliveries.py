"""The rows of deliveries: one for each person and day, taken by one process at a time, and ended once.

A process that dies between the sending and the record of it leaves a row that is taken again after its lease. So a
digest is sent at least once, and each time with the same id, by which a receiver can drop the repeated one.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, or_, select

from plugin.database.tables import Account, StoredDelivery, StoredDigestMark, StoredDigestPreferences
from plugin.database.viewer import AccountRole, Viewer
from plugin.outbound.pauses import LATER
from plugin.queue.accounts import viewer_of
from plugin.queue.digest_preferences import DigestPreferences, Way, latest_due, preferences_of, with_chosen_zone
from plugin.queue.digests import DeliveryState
from plugin.queue.news import FIRST_DAYS, SETTLED_AFTER
from plugin.time_zones import NO_ZONE
from stream.contracts.ids import NAMESPACE

LEASE: Final = timedelta(minutes=10)
"""How long a row belongs to the process that took it: many times the timeouts of one sending, and the clocks of two
machines are not that far apart."""
MAX_ATTEMPTS: Final = len(LATER) + 1
KEPT: Final = timedelta(days=90)
"""How long an ended row is kept, long enough to see what became of the digests of a quarter."""


class Reason(StrEnum):
    """Why a try failed or a digest was given up; the values are stored and counted."""

    UNREACHABLE = "unreachable"
    """The receiver does not answer, or not in time."""
    NOT_ACCEPTED = "not_accepted"
    """The receiver answers that it does not accept it now."""
    REFUSED = "refused"
    """The mail server says that there is no such address, which no further try changes."""
    INTERRUPTED = "interrupted"
    """The process ended in the middle of the last try that there was."""
    SUPERSEDED = "superseded"
    """The next day's digest is due, and holds the same news."""
    NOT_WANTED = "not_wanted"
    """The person has changed their preferences, or has no account any more."""


@dataclass(frozen=True)
class Refusal:
    """Why a receiver did not take a digest, and whether it never will."""

    reason: Reason
    is_final: bool = False


@dataclass(frozen=True)
class Taken:
    """A delivery that this process holds."""

    delivery_id: UUID
    viewer: Viewer
    address: str
    """The mail address as it is now; for a webhook its name."""
    since: datetime
    until: datetime
    attempt: int


def plan(session: Session, now: datetime) -> int:
    """Add a row for each person whose digest is due and has none, and return how many; old rows are removed."""
    session.exec(delete(StoredDelivery).where(col(StoredDelivery.period) < (now - KEPT).date()))
    wanted = session.exec(
        select(StoredDigestPreferences)
        .join(Account, col(Account.account_id) == col(StoredDigestPreferences.account_id))
        .where(
            col(StoredDigestPreferences.way) != Way.NONE.value,
            col(Account.disabled_at).is_(None),
            col(Account.role).in_([role.value for role in AccountRole if role.reads_sessions]),
        )
    ).all()
    added = 0
    for row in wanted:
        preferences = preferences_of(row)
        due = latest_due(preferences, row.set_at, now)
        if due is not None and session.get(StoredDelivery, delivery_id(row.account_id, due.day)) is None:
            added += _add(session, row.account_id, preferences, due.day, now)
    return added


def take(session: Session, way: Way, receiver: str, now: datetime) -> Taken | None:
    """Take the delivery to a receiver that has waited longest, or return None; nobody else takes it meanwhile."""
    row = session.exec(
        select(StoredDelivery)
        .where(
            col(StoredDelivery.state) == DeliveryState.WAITING.value,
            col(StoredDelivery.way) == way.value,
            col(StoredDelivery.receiver) == receiver,
            col(StoredDelivery.next_try_at) <= now,
            or_(col(StoredDelivery.leased_until).is_(None), col(StoredDelivery.leased_until) <= now),
        )
        .order_by(col(StoredDelivery.next_try_at), col(StoredDelivery.delivery_id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.attempts, row.leased_until = row.attempts + 1, now + LEASE
    session.add(row)
    account = session.get_one(Account, row.account_id)
    preferences = session.get(StoredDigestPreferences, row.account_id)
    return Taken(
        delivery_id=row.delivery_id,
        viewer=with_chosen_zone(session, viewer_of(session, account), NO_ZONE),
        address=_address(account, preferences, row),
        since=row.since,
        until=row.until,
        attempt=row.attempts,
    )


def finish(session: Session, taken: Taken, state: DeliveryState, reason: Reason | None, now: datetime) -> bool:
    """End a delivery, and return whether that is news.

    What was sent was sent, whoever has taken the row meanwhile; every other end is for the process that holds it.
    """
    if state is DeliveryState.SENT:
        may_end = [col(StoredDelivery.state) != state.value]
    else:
        is_waiting = col(StoredDelivery.state) == DeliveryState.WAITING.value
        may_end = [is_waiting, col(StoredDelivery.attempts) == taken.attempt]
    ended = session.exec(
        update(StoredDelivery)
        .where(col(StoredDelivery.delivery_id) == taken.delivery_id, *may_end)
        .values(state=state.value, reason=reason, ended_at=now, leased_until=None)
    )
    return ended.rowcount == 1


def try_again(session: Session, taken: Taken, reason: Reason, now: datetime) -> None:
    """Let a delivery wait for its next try, unless another process has taken it since."""
    session.exec(
        update(StoredDelivery)
        .where(
            col(StoredDelivery.delivery_id) == taken.delivery_id,
            col(StoredDelivery.state) == DeliveryState.WAITING.value,
            col(StoredDelivery.attempts) == taken.attempt,
        )
        .values(reason=reason.value, next_try_at=now + LATER[taken.attempt - 1], leased_until=None)
    )


def delivery_id(account_id: UUID, day: date) -> UUID:
    """Return the id of a person's digest for a day."""
    return uuid5(NAMESPACE, f"digest\x1f{account_id}\x1f{day.isoformat()}")


def _add(session: Session, account_id: UUID, preferences: DigestPreferences, day: date, now: datetime) -> int:
    until = now - SETTLED_AFTER
    added = session.exec(
        insert(StoredDelivery)
        .values(
            delivery_id=delivery_id(account_id, day),
            account_id=account_id,
            period=day,
            way=preferences.way.value,
            receiver=preferences.receiver if preferences.way is Way.WEBHOOK else "",
            since=_told_until(session, account_id) or until - timedelta(days=FIRST_DAYS),
            until=until,
            state=DeliveryState.WAITING.value,
            attempts=0,
            next_try_at=now,
        )
        .on_conflict_do_nothing()
        .returning(col(StoredDelivery.delivery_id))
    ).first()
    if added is None:  # another process was first
        return 0
    _supersede(session, account_id, day, now)
    return 1


def _told_until(session: Session, account_id: UUID) -> datetime | None:
    """Return up to when a person knows what was new: by their last digest, or by what they say that they have read."""
    told = DeliveryState.SENT.value, DeliveryState.NOTHING_NEW.value
    by_digest = select(func.max(StoredDelivery.until)).where(
        col(StoredDelivery.account_id) == account_id, col(StoredDelivery.state).in_(told)
    )
    by_themselves = select(StoredDigestMark.read_until).where(col(StoredDigestMark.account_id) == account_id)
    known = [at for at in (session.exec(by_digest).one(), session.exec(by_themselves).first()) if at is not None]
    return max(known, default=None)


def _supersede(session: Session, account_id: UUID, day: date, now: datetime) -> None:
    session.exec(
        update(StoredDelivery)
        .where(
            col(StoredDelivery.account_id) == account_id,
            col(StoredDelivery.state) == DeliveryState.WAITING.value,
            col(StoredDelivery.period) != day,
        )
        .values(state=DeliveryState.FAILED.value, reason=Reason.SUPERSEDED.value, ended_at=now)
    )


def _address(account: Account, preferences: StoredDigestPreferences | None, row: StoredDelivery) -> str:
    """Return where a digest goes by the preferences of now; nothing if it is not wanted there any more."""
    if preferences is None or account.disabled_at is not None or preferences.way != row.way:
        return ""
    return preferences.receiver if row.way == Way.MAIL or preferences.receiver == row.receiver else ""
