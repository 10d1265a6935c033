"""Reading of how far the reviews of sessions have come: of each one what is shown, and what was said of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import Session, col, select

from plugin.database.tables import StoredAnswer, StoredExchange, StoredLabel
from plugin.queue.judgements import answers_exchange
from plugin.queue.review_views import Judgement, ReviewProgress
from plugin.queue.statements import MOMENT

_CHANGES: Final = frozenset({Judgement.WITHHELD, Judgement.CORRECTED})


@dataclass
class _Moment:
    """One moment, with the latest judgement of each statement of its valid answer."""

    shown: bool
    is_answered: bool
    said: dict[str, Judgement] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return self.said.get(str(MOMENT), Judgement.UNDONE) is not Judgement.UNDONE


@dataclass(frozen=True)
class ReviewState:
    """How far the review of one session has come."""

    moments: int = 0
    """The moments that are shown."""
    is_reviewed: bool = False
    """Whether each of them that has an answer was passed on or kept back, and there is one."""
    progress: ReviewProgress | None = None
    """None where nobody has judged anything."""
    is_changed: bool = False
    """Whether a statement is withheld or corrected."""


NOT_BEGUN: Final = ReviewState()


def review_states(session: Session, sessions: Collection[UUID]) -> Mapping[UUID, ReviewState]:
    """Return the states of the reviews of some sessions; one without a moment is missing."""
    if not sessions:
        return {}
    label: Any = StoredLabel
    valid = and_(answers_exchange(), col(StoredAnswer.superseded_by).is_(None))
    about_it = and_(
        col(StoredLabel.session_id) == col(StoredExchange.session_id),
        col(StoredLabel.assessment_id) == col(StoredAnswer.assessment_id),
    )
    exchange: Any = StoredExchange
    found = session.execute(
        select(exchange.session_id, exchange.exchange_id, exchange.shown, StoredAnswer.assessment_id)
        .add_columns(label.statement, label.judgement)
        .outerjoin(StoredAnswer, valid)
        .outerjoin(label, about_it)
        .where(exchange.session_id.in_(sessions))
        .order_by(label.number)
    )
    moments: dict[UUID, dict[UUID, _Moment]] = defaultdict(dict)
    for session_id, exchange_id, shown, assessment_id, statement, judgement in found:
        moment = moments[session_id].setdefault(exchange_id, _Moment(shown, assessment_id is not None))
        if statement is not None:
            moment.said[statement] = Judgement(judgement)
    return {session_id: _state(list(each.values())) for session_id, each in moments.items()}


def _state(moments: Collection[_Moment]) -> ReviewState:
    shown = [each for each in moments if each.shown]
    answered = [each for each in shown if each.is_answered]
    done = sum(each.is_done for each in answered)
    judged = sum(judgement is not Judgement.UNDONE for each in shown for judgement in each.said.values())
    return ReviewState(
        moments=len(shown),
        is_reviewed=0 < len(answered) == done,
        progress=ReviewProgress(done, judged - done) if judged else None,
        is_changed=any(not _CHANGES.isdisjoint(each.said.values()) for each in moments),
    )
