"""Writing of disputes: the comment that raises one, and its steps. The caller holds the conversation's lock."""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import dispute_step_words_binding, dispute_words_binding
from plugin.database.tables import StoredDecision, StoredDispute, StoredDisputeStep, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.dispute_views import Dispute, Ground, StepKind
from plugin.queue.statements import Statement
from stream.contracts.feedback import Assessment


def store_dispute(
    session: Session,
    cipher: TextCipher,
    viewer: Viewer,
    row: StoredSession,
    release: StoredDecision,
    answer: Assessment,
    statement: Statement,
    ground: Ground,
    text: str,
    now: datetime,
    *,
    escalated: bool,
) -> None:
    """Store a therapist's dispute of a statement of an answer that a supervisor released."""
    dispute_id = uuid4()
    session.add(
        StoredDispute(
            dispute_id=dispute_id,
            session_id=row.session_id,
            revision=row.revision,
            released_by=release.account_id,
            exchange_id=answer.exchange_id,
            assessment_id=answer.assessment_id,
            statement=str(statement),
            ground=ground.value,
            escalated=escalated,
            account_id=viewer.user_id,
            words=cipher.encrypt(text, dispute_words_binding(row.tenant, dispute_id)),
            raised_at=now,
        )
    )
    session.flush()


def store_step(
    session: Session,
    cipher: TextCipher,
    viewer: Viewer,
    row: StoredSession,
    dispute: Dispute,
    kind: StepKind,
    now: datetime,
    text: str = "",
    *,
    label: int | None = None,
) -> None:
    """Store the next step of a dispute; `label` is the number of the label that resolves it."""
    number = len(dispute.steps) + 1
    binding = dispute_step_words_binding(row.tenant, dispute.dispute_id, number)
    session.add(
        StoredDisputeStep(
            dispute_id=dispute.dispute_id,
            number=number,
            session_id=row.session_id,
            kind=kind.value,
            label=label,
            account_id=viewer.user_id,
            words=cipher.encrypt(text, binding) if text else None,
            taken_at=now,
        )
    )
    session.flush()
