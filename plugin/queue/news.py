"""News: what is new for one person in a span of time, as ids, names and numbers; no text is read here."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, false, func, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from plugin.database.tables import (
    Account,
    StoredAcknowledgement,
    StoredDecision,
    StoredDispute,
    StoredDisputeStep,
    StoredHandover,
    StoredNote,
    StoredNoteComment,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.calibration_invitations import Invitation, invitations_between
from plugin.queue.dispute_views import StepKind
from plugin.queue.follow_ups import count_due
from plugin.queue.handover_reading import is_latest, is_not_decided_since
from plugin.queue.scope import decides_present_revision, is_queued, visible_to

FIRST_DAYS: Final = 7
"""Days that are new to somebody who has never said that they have read: a week, as in `counterpoint digest`."""
SETTLED_AFTER: Final = timedelta(seconds=30)
"""After which nothing is stored any more with an earlier time: a transaction takes 5 s, the rest is for the clocks of
several machines. News end before that, so that no session falls between two digests."""
SHOWN_AT_ONCE: Final = 20
"""Sessions of one page of news, whose words are read: about an hour of supervision. The others come after these."""


class ChangeKind(StrEnum):
    """What somebody else has done about a session, or for its reader."""

    ACKNOWLEDGED = "acknowledged"
    DISPUTED = "disputed"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    HANDED_OVER = "handed_over"
    """A session was handed over to the reader."""
    COMMENTED = "commented"
    """A comment stands under a note on which the reader wrote too."""


@dataclass(frozen=True)
class Change:
    """Something that somebody else has done about a session."""

    kind: ChangeKind
    session_id: UUID
    started_at: datetime
    """When the session began, by which people know it."""
    by: str
    """The display name of who did it."""
    at: datetime


@dataclass(frozen=True)
class News:
    """What is new for one person after `since` and up to `until`."""

    since: datetime
    until: datetime
    sessions: tuple[UUID, ...]
    """The sessions that arrived or, for a therapist, were released, in that order."""
    more: int
    """How many more are new after `until`."""
    changes: tuple[Change, ...]
    """What others did, in order."""
    invitations: tuple[Invitation, ...] = ()
    """The calibrations to which others have invited a supervisor."""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is new."""
        return not (self.sessions or self.changes or self.invitations)


@dataclass(frozen=True)
class NewsCounts:
    """How much is new for one person, in numbers."""

    sessions: int = 0
    acknowledged: int = 0
    disputed: int = 0
    """The number of points that were disputed, or disputed again before somebody else; for a lead, were escalated."""
    resolved: int = 0
    calibrations: int = 0
    """The number of calibrations to which others have invited a supervisor."""
    handed_over: int = 0
    """The number of sessions that were handed over to the reader and are still with them."""
    comments: int = 0
    """The number of comments by others under notes on which the reader wrote too."""
    follow_ups: int = 0
    """The number of notes that their author wanted to come back to by now, told again until it is done."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to tell."""
        return self == NewsCounts()


def read_news(session: Session, viewer: Viewer, since: datetime, now: datetime) -> News:
    """Return the first news after a time; those of more sessions than a page holds come after these are read."""
    until = now - SETTLED_AFTER
    full = session.exec(_arrivals(viewer, since, until).offset(SHOWN_AT_ONCE - 1).limit(1)).first()
    shown_until = until if full is None else full[1]
    found = session.exec(_arrivals(viewer, since, shown_until)).all()
    more = _count(session, viewer, shown_until, until)
    if not more:
        shown_until = until
    return News(
        since=since,
        until=shown_until,
        sessions=tuple(session_id for session_id, _ in found),
        more=more,
        changes=changes_between(session, viewer, since, shown_until),
        invitations=invitations_between(session, viewer, since, shown_until),
    )


def count_news(session: Session, viewer: Viewer, since: datetime, until: datetime) -> NewsCounts:
    """Return how much is new for a person after `since` and up to `until`."""
    kinds = Counter(change.kind for change in changes_between(session, viewer, since, until))
    return NewsCounts(
        sessions=_count(session, viewer, since, until),
        acknowledged=kinds[ChangeKind.ACKNOWLEDGED],
        disputed=kinds[ChangeKind.DISPUTED] + kinds[ChangeKind.ESCALATED],
        resolved=kinds[ChangeKind.RESOLVED],
        calibrations=len(invitations_between(session, viewer, since, until)),
        handed_over=kinds[ChangeKind.HANDED_OVER],
        comments=kinds[ChangeKind.COMMENTED],
        # By the day that it is now: news end a little before, which after midnight is the day before.
        follow_ups=count_due(session, viewer, until + SETTLED_AFTER),
    )


def changes_between(session: Session, viewer: Viewer, since: datetime, until: datetime) -> tuple[Change, ...]:
    """Return what others did about sessions that a person sees, in order.

    To a therapist about their own disputes; to a lead what was escalated. To everybody what was done for them.
    """
    found = _steps(session, viewer, since, until) + _comments(session, viewer, since, until)
    if viewer.role.reviews:
        found += _disputes(session, viewer, since, until) + _handovers(session, viewer, since, until)
    if viewer.role is AccountRole.SUPERVISOR:
        found += _acknowledgements(session, viewer, since, until)
    return tuple(sorted(found, key=lambda change: (change.at, str(change.session_id))))


def _arrivals(viewer: Viewer, since: datetime, until: datetime) -> Any:
    """Return the query for the sessions with something to read that came in a span, with the time of each.

    For a lead there are none: she opens a session of a team when there is a reason, and not because it is new.
    """
    if viewer.role is AccountRole.THERAPIST:
        at: Any = col(StoredDecision.decided_at)
        query = select(StoredSession.session_id, at).join(StoredDecision, decides_present_revision())
    else:
        at = col(StoredSession.stored_at)
        query = select(StoredSession.session_id, at)
    is_news = true() if viewer.role is not AccountRole.LEAD else false()
    chosen = is_news, visible_to(viewer), is_queued(), *_within(at, since, until)
    return query.where(*chosen).order_by(at, col(StoredSession.session_id))


def _count(session: Session, viewer: Viewer, since: datetime, until: datetime) -> int:
    counted = _arrivals(viewer, since, until).order_by(None).subquery()
    return session.exec(select(func.count()).select_from(counted)).one()


def _within(at: SQLColumnExpression[datetime], since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return at > since, at <= until


def _acknowledgements(session: Session, viewer: Viewer, since: datetime, until: datetime) -> list[Change]:
    at = col(StoredAcknowledgement.acknowledged_at)
    found = session.exec(
        select(StoredAcknowledgement, StoredSession.started_at, Account.display_name)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredAcknowledgement.session_id))
        .join(Account, col(Account.account_id) == col(StoredAcknowledgement.account_id))
        .where(visible_to(viewer), *_within(at, since, until))
    )
    kind = ChangeKind.ACKNOWLEDGED
    return [Change(kind, row.session_id, started_at, by, row.acknowledged_at) for row, started_at, by in found]


def _disputes(session: Session, viewer: Viewer, since: datetime, until: datetime) -> list[Change]:
    """Return the disputes that were raised and not withdrawn, which a supervisor never reads.

    For a lead those that were escalated at once.
    """
    withdrawn = select(StoredDisputeStep.number).where(
        col(StoredDisputeStep.dispute_id) == col(StoredDispute.dispute_id),
        col(StoredDisputeStep.kind) == StepKind.WITHDRAWN.value,
    )
    found = session.exec(
        select(StoredDispute, StoredSession.started_at, Account.display_name)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredDispute.session_id))
        .join(Account, col(Account.account_id) == col(StoredDispute.account_id))
        .where(
            visible_to(viewer),
            *_within(col(StoredDispute.raised_at), since, until),
            ~exists(withdrawn.correlate(StoredDispute)),
            *([col(StoredDispute.escalated)] if viewer.role is AccountRole.LEAD else []),
        )
    )
    kind = ChangeKind.ESCALATED if viewer.role is AccountRole.LEAD else ChangeKind.DISPUTED
    return [Change(kind, row.session_id, started, by, row.raised_at) for row, started, by in found]


def _steps(session: Session, viewer: Viewer, since: datetime, until: datetime) -> list[Change]:
    is_therapist = viewer.role is AccountRole.THERAPIST
    kinds = [StepKind.ESCALATED] if viewer.role is AccountRole.LEAD else [StepKind.ESCALATED, StepKind.RESOLVED]
    found = session.exec(
        select(StoredDisputeStep, StoredSession.started_at, Account.display_name)
        .join(StoredDispute, col(StoredDispute.dispute_id) == col(StoredDisputeStep.dispute_id))
        .join(StoredSession, col(StoredSession.session_id) == col(StoredDisputeStep.session_id))
        .join(Account, col(Account.account_id) == col(StoredDisputeStep.account_id))
        .where(
            visible_to(viewer),
            *_within(col(StoredDisputeStep.taken_at), since, until),
            col(StoredDisputeStep.kind).in_([kind.value for kind in kinds]),
            col(StoredDisputeStep.account_id) != viewer.user_id,
            *([col(StoredDispute.account_id) == viewer.user_id] if is_therapist else []),
        )
    )
    return [Change(ChangeKind(row.kind), row.session_id, started, by, row.taken_at) for row, started, by in found]


def _handovers(session: Session, viewer: Viewer, since: datetime, until: datetime) -> list[Change]:
    """Return the hand-overs by which sessions came to a supervisor that are still with her."""
    found = session.exec(
        select(StoredHandover, StoredSession.started_at, Account.display_name)
        .join(StoredSession, col(StoredSession.session_id) == col(StoredHandover.session_id))
        .join(Account, col(Account.account_id) == col(StoredHandover.account_id))
        .where(
            visible_to(viewer),
            *_within(col(StoredHandover.handed_at), since, until),
            col(StoredHandover.receiver_id) == viewer.user_id,
            col(StoredHandover.account_id) != viewer.user_id,
            is_latest(),
            is_not_decided_since(),
        )
    )
    return [Change(ChangeKind.HANDED_OVER, row.session_id, started, by, row.handed_at) for row, started, by in found]


def _comments(session: Session, viewer: Viewer, since: datetime, until: datetime) -> list[Change]:
    """Return others' comments under the notes that a person has written or commented on."""
    own = aliased(StoredNoteComment)
    takes_part = exists(
        select(own.comment_id)
        .where(col(own.note_id) == col(StoredNote.note_id), col(own.account_id) == viewer.user_id)
        .correlate(StoredNote)
    )
    found = session.exec(
        select(StoredNoteComment, StoredSession.started_at, Account.display_name)
        .join(StoredNote, col(StoredNote.note_id) == col(StoredNoteComment.note_id))
        .join(StoredSession, col(StoredSession.session_id) == col(StoredNoteComment.session_id))
        .join(Account, col(Account.account_id) == col(StoredNoteComment.account_id))
        .where(
            visible_to(viewer),
            *_within(col(StoredNoteComment.written_at), since, until),
            col(StoredNoteComment.account_id) != viewer.user_id,
            or_(col(StoredNote.account_id) == viewer.user_id, takes_part),
        )
    )
    return [Change(ChangeKind.COMMENTED, row.session_id, started, by, row.written_at) for row, started, by in found]
