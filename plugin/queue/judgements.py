"""Reading of labels: what counts of the things that supervisors said, and what it keeps from the therapist."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, and_, exists, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredAnswer, StoredExchange, StoredLabel
from plugin.queue.review_views import Judgement, Label, Opinion, ReviewProgress, WithholdReason
from plugin.queue.statements import MOMENT, WHOLE_MOMENT
from stream.contracts.vocabulary import Level

# Made once, since SQLAlchemy derives all columns of an alias at its first use.
_LABEL, _LATER = aliased(StoredLabel), aliased(StoredLabel)
Labels = Mapping[str, Label]
"""The latest label of each statement, by the statement's written form; without those that were undone."""


def labels_of(session: Session, session_id: UUID) -> dict[UUID, Labels]:
    """Return the labels that count of a session's valid answers, by the answer's id."""
    return labels_of_sessions(session, [session_id])


def labels_of_sessions(session: Session, sessions: Collection[UUID]) -> dict[UUID, Labels]:
    """Return the labels that count of the valid answers of some sessions, by the answer's id."""
    found = session.exec(
        select(StoredLabel, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredLabel.account_id))
        .where(col(StoredLabel.session_id).in_(sessions))
        .order_by(col(StoredLabel.number))
    )
    labels: dict[UUID, dict[str, Label]] = defaultdict(dict)
    for row, by in found:
        if row.judgement == Judgement.UNDONE:
            labels[row.assessment_id].pop(row.statement, None)
        else:
            labels[row.assessment_id][row.statement] = Label(opinion_of(row), by, row.said_at)
    return dict(labels)


def withheld_in(labels: Labels) -> set[str]:
    """Return the statements that are withheld."""
    return {statement for statement, label in labels.items() if label.opinion.judgement is Judgement.WITHHELD}


def is_kept_back(labels: Labels) -> bool:
    """Return whether a whole moment is withheld, as `is_passed_on` says in SQL."""
    return not withheld_in(labels).isdisjoint(str(statement) for statement in WHOLE_MOMENT)


def is_called_no_resistance(labels: Labels) -> bool:
    """Return whether a supervisor says that a moment is no resistance."""
    said = (labels[str(statement)].opinion for statement in WHOLE_MOMENT if str(statement) in labels)
    return any(opinion.reason is WithholdReason.NOT_RESISTANCE for opinion in said)


def answers_exchange() -> ColumnElement[bool]:
    """Return the condition that a `StoredAnswer` is about a `StoredExchange`; by the session first, as the index is."""
    return and_(
        col(StoredAnswer.session_id) == col(StoredExchange.session_id),
        col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id),
    )


def is_passed_on() -> ColumnElement[bool]:
    """Return the condition that no supervisor keeps back the whole moment that a `StoredAnswer` is about."""
    label = _LABEL
    return ~exists(
        select(label.number)
        .where(
            col(label.assessment_id) == col(StoredAnswer.assessment_id),
            col(label.statement).in_([str(statement) for statement in WHOLE_MOMENT]),
            col(label.judgement) == Judgement.WITHHELD.value,
            ~is_followed(label),
        )
        .correlate(StoredAnswer)
    )


def reviewed_sessions(session: Session, sessions: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return the sessions in which every moment that is shown was passed on or kept back, with the last time of it."""
    label = _LABEL
    done = (
        select(func.max(label.said_at))
        .where(
            col(label.assessment_id) == col(StoredAnswer.assessment_id),
            col(label.statement) == str(MOMENT),
            col(label.judgement) != Judgement.UNDONE.value,
            ~is_followed(label),
        )
        .correlate(StoredAnswer)
        .scalar_subquery()
    )
    moments = (
        select(col(StoredExchange.session_id).label("session_id"), done.label("done"))
        .join(StoredAnswer, answers_exchange())
        .where(
            col(StoredExchange.session_id).in_(sessions),
            col(StoredExchange.shown),
            col(StoredAnswer.superseded_by).is_(None),
        )
        .subquery()
    )
    found = session.exec(
        select(moments.c.session_id, func.max(moments.c.done))
        .group_by(moments.c.session_id)
        .having(func.count() == func.count(moments.c.done))
    )
    return dict(found.all())


def progress_of(session: Session, sessions: Sequence[UUID]) -> dict[UUID, ReviewProgress]:
    """Return how far each session's review has come; nothing for one in which nobody has judged anything."""
    label = _LABEL
    is_whole = col(label.statement) == str(MOMENT)
    found = session.exec(
        select(label.session_id, func.count().filter(is_whole), func.count().filter(~is_whole))
        .join(StoredAnswer, col(StoredAnswer.assessment_id) == col(label.assessment_id))
        .join(StoredExchange, answers_exchange())
        .where(
            col(label.session_id).in_(sessions),
            col(StoredAnswer.session_id).in_(sessions),
            col(label.judgement) != Judgement.UNDONE.value,
            col(StoredAnswer.superseded_by).is_(None),
            col(StoredExchange.shown),
            ~is_followed(label),
        )
        .group_by(col(label.session_id))
    )
    return {session_id: ReviewProgress(moments, statements) for session_id, moments, statements in found}


def changed_sessions(session: Session, sessions: Sequence[UUID]) -> set[UUID]:
    """Return the sessions in which a supervisor withholds or corrects a statement of a valid answer."""
    label = _LABEL
    found = session.exec(
        select(label.session_id)
        .join(StoredAnswer, col(StoredAnswer.assessment_id) == col(label.assessment_id))
        .where(
            col(label.session_id).in_(sessions),
            col(StoredAnswer.session_id).in_(sessions),
            col(label.judgement).in_([Judgement.WITHHELD.value, Judgement.CORRECTED.value]),
            col(StoredAnswer.superseded_by).is_(None),
            ~is_followed(label),
        )
    )
    return set(found)


def is_followed(label: type[StoredLabel]) -> Exists:
    """Return the condition that a later label is about the same statement."""
    later = _LATER
    return exists(
        select(later.number)
        .where(
            col(later.assessment_id) == col(label.assessment_id),
            col(later.statement) == col(label.statement),
            col(later.number) > col(label.number),
        )
        .correlate(label)
    )


def opinion_of(row: StoredLabel) -> Opinion:
    """Return the opinion that a label holds."""
    return Opinion(
        Judgement(row.judgement),
        None if row.reason is None else WithholdReason(row.reason),
        None if row.level is None else Level(row.level),
    )
