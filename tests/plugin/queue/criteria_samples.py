"""Criteria and answers for tests; the questions are made up."""

from uuid import UUID

from plugin.database.viewer import Viewer
from plugin.queue.criterion_views import (
    CANNOT_SAY,
    UNDONE,
    Criterion,
    CriterionAbout,
    CriterionAnswer,
    CriterionScale,
    Said,
    Wording,
)
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from stream.contracts.feedback import FeedbackRecord

MOMENT, SESSION = CriterionAbout.MOMENT, CriterionAbout.SESSION
PACING_WORDS = ("rushed", "a little fast", "at the client's pace", "waited for the client")
TOLD = Wording("Was the client told about confidentiality?", CriterionScale.YES_NO, shared=True)
WARMTH = Wording("How warm is the reply?", CriterionScale.LEVELS)
PACING = Wording("Pacing", CriterionScale.STEPS, PACING_WORDS, shared=True)


def add(store: Store, name: str, about: CriterionAbout, wording: Wording) -> Criterion:
    """Add a criterion and return it."""
    store.criteria.add(name, about, wording)
    return store.criteria.named(name)


def say(
    store: Store,
    viewer: Viewer,
    sent: FeedbackRecord,
    criterion: Criterion,
    code: str,
    note: str = "",
    *,
    moment: int = 0,
    revision: int | None = None,
) -> DecisionOutcome:
    """Say something to a criterion, about a session or one of its moments."""
    place: UUID | None = sent.exchanges[moment].exchange_id if criterion.about is MOMENT else None
    said = Said(criterion.criterion_id, criterion.version, place, code, note)
    return store.reviews.answer_criterion(viewer, sent.session_id, revision or sent.revision, said)


def read(store: Store, viewer: Viewer, sent: FeedbackRecord) -> tuple[CriterionAnswer, ...]:
    """Return the answers that this person reads."""
    view = store.open(viewer, sent.session_id)
    return () if view is None else view.criterion_answers


__all__ = [
    "CANNOT_SAY",
    "MOMENT",
    "PACING",
    "PACING_WORDS",
    "SESSION",
    "TOLD",
    "UNDONE",
    "WARMTH",
    "add",
    "read",
    "say",
]
