"""What moments across sessions can be filtered by, as conditions on what is stored of them; they read no text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, SQLColumnExpression, and_, exists, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredAnswer, StoredExchange, StoredLabel, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.filters import STATES, QueueFilter, QueueList, QueueState, matches
from plugin.queue.judgements import is_followed
from plugin.queue.review_views import Judgement
from plugin.queue.scope import is_decided
from plugin.queue.statements import StatementKind, level_of
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType, Verdict

_OWN = aliased(StoredLabel)
"""Made once, since SQLAlchemy derives all columns of an alias at its first use."""


@dataclass(frozen=True)
class MomentFilter:
    """What moments are filtered by; None leaves everything in."""

    mechanism: Mechanism | None = None
    """A mechanism that has a level: a supervisor's own where she set one, and else the model's."""
    level: Level | None = None
    """That level; it belongs to a mechanism."""
    own_differs: bool = False
    """Whether a supervisor's own level of the mechanism, or of any, must be another than the model's."""
    resistance_type: ResistanceType | None = None
    therapist: UUID | None = None
    """The account of the counsellor who replied."""
    ended_from: date | None = None
    ended_to: date | None = None
    """The first and the last day, on the reader's clocks, on which the session ended."""
    decided: bool | None = None
    """Whether the session's present revision was decided about."""
    state: QueueState | None = None

    @property
    def hides(self) -> bool:
        """Whether anything can be hidden by it."""
        return self != EVERY_MOMENT


EVERY_MOMENT: Final = MomentFilter()


def check_moment_filter(chosen: MomentFilter) -> None:
    """Check that the parts of a filter fit together.

    Raises:
        ValueError: they do not; the message is a sentence.
    """
    if chosen.level is not None and chosen.mechanism is None:
        raise ValueError("A level is of a mechanism: please choose one too.")
    if chosen.ended_from is not None and chosen.ended_to is not None and chosen.ended_from > chosen.ended_to:
        raise ValueError("The first day comes after the last day.")
    queue_list = QueueList.DECIDED if chosen.decided else QueueList.WAITING
    if chosen.decided is not None and chosen.state is not None and chosen.state not in STATES[queue_list]:
        raise ValueError("No session in that state is decided." if chosen.decided else "That state is a decided one.")


def session_matches(
    session: Session, viewer: Viewer, chosen: MomentFilter, now: datetime
) -> Iterator[SQLColumnExpression[bool]]:
    """Yield the conditions that a `StoredSession` may hold moments that the filter leaves."""
    of_lists = QueueFilter(
        therapist=chosen.therapist,
        state=chosen.state,
        ended_from=chosen.ended_from,
        ended_to=chosen.ended_to,
    )
    yield col(StoredSession.left_out).is_(None)
    yield matches(session, viewer, of_lists, now)
    if chosen.decided is not None:
        yield is_decided() if chosen.decided else ~is_decided()


def moment_matches(chosen: MomentFilter) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that the filter leaves a `StoredExchange` with its `StoredAnswer`.

    Moments that no model rated, or that the model rejected, are none of these: they have neither type nor level.
    """
    yield col(StoredAnswer.superseded_by).is_(None)
    yield col(StoredAnswer.abstained).is_(None)
    yield col(StoredAnswer.verdict) != Verdict.REJECTED.value
    if chosen.therapist is not None:
        account = select(Account.counsellor).where(col(Account.account_id) == chosen.therapist)
        yield col(StoredExchange.counsellor) == account.scalar_subquery()
    if chosen.resistance_type is not None:
        yield col(StoredAnswer.resistance_type) == chosen.resistance_type.value
    if chosen.mechanism is not None:
        yield _has_level(chosen.mechanism, tuple(Level) if chosen.level is None else (chosen.level,))
    if chosen.own_differs:
        yield _own_level_differs(chosen.mechanism)


def _has_level(mechanism: Mechanism, levels: tuple[Level, ...]) -> ColumnElement[bool]:
    """Return the condition that one of these levels is what counts of a mechanism."""
    own = _OWN
    by_model = or_(
        *(col(StoredAnswer.ratings).contains([{"mechanism": mechanism.value, "level": level}]) for level in levels)
    )
    return or_(_own_level(own, mechanism, col(own.level).in_(levels)), and_(by_model, ~_own_level(own, mechanism)))


def _own_level_differs(mechanism: Mechanism | None) -> ColumnElement[bool]:
    """Return the condition that a supervisor's own level is another than the model's, or stands where it has none."""
    own = _OWN
    machine = col(own.machine)["level"].as_integer()
    return _own_level(own, mechanism, col(own.level).is_distinct_from(machine))


def _own_level(own: type[StoredLabel], mechanism: Mechanism | None, more: ColumnElement[bool] | None = None) -> Exists:
    """Return the condition that a supervisor's own level stands beside an answer's, of a mechanism or of any."""
    of_any = col(own.statement).like(f"{StatementKind.LEVEL}:%")
    return exists(
        select(own.number)
        .where(
            col(own.assessment_id) == col(StoredAnswer.assessment_id),
            of_any if mechanism is None else col(own.statement) == str(level_of(mechanism)),
            col(own.judgement) == Judgement.CORRECTED.value,
            true() if more is None else more,
            ~is_followed(own),
        )
        .correlate(StoredAnswer)
    )
