"""Reading of disputes: those of one session with their words, and how many are open in many sessions."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlmodel import Session, col, select

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import dispute_step_words_binding, dispute_words_binding
from plugin.database.tables import (
    Account,
    StoredAnswer,
    StoredDispute,
    StoredDisputeStep,
    StoredLabel,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.dispute_views import Dispute, DisputeState, DisputeStep, Ground, StepKind, deciders_of
from plugin.queue.judgements import opinion_of
from plugin.queue.reviewers import reviewers_of
from plugin.queue.statements import Statement


def disputes_of(
    session: Session, cipher: TextCipher, viewer: Viewer, row: StoredSession, answers: Collection[UUID]
) -> tuple[Dispute, ...]:
    """Return the disputes about some answers that this person may read, in order.

    A therapist reads their own; whoever reviews reads all that were not withdrawn before they were resolved.
    """
    is_therapist = viewer.role is AccountRole.THERAPIST
    found = session.exec(
        select(StoredDispute, Account.display_name)
        .join(Account, col(Account.account_id) == col(StoredDispute.account_id))
        .where(
            col(StoredDispute.session_id) == row.session_id,
            col(StoredDispute.assessment_id).in_(answers),
            *([col(StoredDispute.account_id) == viewer.user_id] if is_therapist else []),
        )
        .order_by(col(StoredDispute.raised_at), col(StoredDispute.dispute_id))
    ).all()
    if not found:
        return ()
    steps = _steps(session, cipher, row)
    supervisors, leads = (reviewers_of(session, row, role) for role in (AccountRole.SUPERVISOR, AccountRole.LEAD))
    disputes = (
        Dispute(
            dispute_id=dispute.dispute_id,
            exchange_id=dispute.exchange_id,
            assessment_id=dispute.assessment_id,
            statement=Statement.parse(dispute.statement),
            ground=Ground(dispute.ground),
            account_id=dispute.account_id,
            by=by,
            released_by=dispute.released_by,
            escalated_at_once=dispute.escalated,
            at=dispute.raised_at,
            text=cipher.decrypt(dispute.words, dispute_words_binding(row.tenant, dispute.dispute_id)),
            steps=tuple(steps[dispute.dispute_id]),
        )
        for dispute, by in found
    )
    return tuple(
        replace(dispute, deciders=deciders_of(dispute, supervisors, leads))
        for dispute in disputes
        if is_therapist or dispute.state is not DisputeState.WITHDRAWN
    )


def count_open(session: Session, sessions: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many disputes are open in some sessions; one without any is missing."""
    if not sessions:
        return {}
    found = session.exec(
        select(StoredDispute.session_id, func.count())
        .where(col(StoredDispute.session_id).in_(sessions), _is_open())
        .group_by(col(StoredDispute.session_id))
    )
    return dict(found.all())


def has_open_dispute(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that a dispute is open in a `StoredSession`; for a lead, one that was escalated."""
    open_ones = select(StoredDispute.session_id).where(_is_open())
    if viewer.role is AccountRole.LEAD:
        open_ones = open_ones.where(_is_escalated())
    return col(StoredSession.session_id).in_(open_ones)


def _is_escalated() -> ColumnElement[bool]:
    """Return the condition that a `StoredDispute` is escalated, as `Dispute.is_escalated` says."""
    steps = select(StoredDisputeStep.number).where(
        col(StoredDisputeStep.dispute_id) == col(StoredDispute.dispute_id),
        col(StoredDisputeStep.kind) == StepKind.ESCALATED.value,
    )
    return or_(col(StoredDispute.escalated), exists(steps.correlate(StoredDispute)))


def _is_open() -> ColumnElement[bool]:
    """Return the condition that a `StoredDispute` about a valid answer is open, as `Dispute.state` says."""
    last_step = (
        select(StoredDisputeStep.kind)
        .where(col(StoredDisputeStep.dispute_id) == col(StoredDispute.dispute_id))
        .order_by(col(StoredDisputeStep.number).desc())
        .limit(1)
        .correlate(StoredDispute)
        .scalar_subquery()
    )
    answer = select(StoredAnswer.assessment_id).where(
        col(StoredAnswer.assessment_id) == col(StoredDispute.assessment_id), col(StoredAnswer.superseded_by).is_(None)
    )
    escalated = StepKind.ESCALATED.value
    return and_(func.coalesce(last_step, escalated) == escalated, exists(answer.correlate(StoredDispute)))


def _steps(session: Session, cipher: TextCipher, row: StoredSession) -> Mapping[UUID, list[DisputeStep]]:
    found = session.exec(
        select(StoredDisputeStep, StoredLabel, Account.display_name)
        .outerjoin(StoredLabel, col(StoredLabel.number) == col(StoredDisputeStep.label))
        .join(Account, col(Account.account_id) == col(StoredDisputeStep.account_id))
        .where(col(StoredDisputeStep.session_id) == row.session_id)
        .order_by(col(StoredDisputeStep.number))
    )
    steps: dict[UUID, list[DisputeStep]] = defaultdict(list)
    for step, label, by in found:
        binding = dispute_step_words_binding(row.tenant, step.dispute_id, step.number)
        steps[step.dispute_id].append(
            DisputeStep(
                kind=StepKind(step.kind),
                account_id=step.account_id,
                by=by,
                at=step.taken_at,
                opinion=None if step.label is None else opinion_of(label),
                text="" if step.words is None else cipher.decrypt(step.words, binding),
            )
        )
    return steps
