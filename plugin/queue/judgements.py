"""Reading of labels: what counts of the things that supervisors said, and what it keeps from the therapist."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, and_, exists, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredAnswer, StoredExchange, StoredLabel
from plugin.queue.given_sessions import given_sessions
from plugin.queue.review_views import Judgement, Label, Opinion, WithholdReason
from plugin.queue.statements import WHOLE_MOMENT
from stream.contracts.vocabulary import Level

# Made once, since SQLAlchemy derives all columns of an alias at its first use.
_LABEL, _LATER = aliased(StoredLabel), aliased(StoredLabel)
Labels = Mapping[str, Label]
"""The latest label of each statement, by the statement's written form; without those that were undone."""


def labels_of(session: Session, session_id: UUID) -> dict[UUID, Labels]:
    """Return the labels that count of a session's valid answers, by the answer's id."""
    return labels_of_sessions(session, [session_id])


def labels_of_sessions(
    session: Session, sessions: Collection[UUID], about: Collection[str] | None = None
) -> dict[UUID, Labels]:
    """Return the labels that count of the valid answers of some sessions, by the answer's id.

    If `about` is given, they are those of these statements alone.
    """
    said: Any = StoredLabel  # of which what it is about is not read
    given = given_sessions(sessions)
    query: Any = (
        select(said.assessment_id, said.statement, said.judgement, said.reason)
        .add_columns(said.level, said.said_at, col(Account.display_name))
        .join(Account, col(Account.account_id) == said.account_id)
        .join(given, given.c.session_id == said.session_id)
        .where(true() if about is None else said.statement.in_(about))
        .order_by(said.number)
    )
    labels: dict[UUID, dict[str, Label]] = defaultdict(dict)
    for assessment_id, statement, judgement, reason, level, at, by in session.exec(query):
        if judgement == Judgement.UNDONE:
            labels[assessment_id].pop(statement, None)
        else:
            labels[assessment_id][statement] = Label(_opinion(judgement, reason, level), by, at)
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
    return _opinion(row.judgement, row.reason, row.level)


def _opinion(judgement: str, reason: str | None, level: int | None) -> Opinion:
    return Opinion(
        Judgement(judgement),
        None if reason is None else WithholdReason(reason),
        None if level is None else Level(level),
    )
