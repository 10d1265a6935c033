"""What a therapist answers to a release, and what supervisors say to it.

A therapist acknowledges the release, or disputes one statement of it; a supervisor resolves the dispute with a label.
Each method is one transaction with its entry in the audit trail. Nothing is changed or removed by it: a dispute and its
steps are only ever added.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredAnswer, StoredDecision, StoredDispute, StoredExchange, StoredSession
from plugin.database.viewer import REVIEWERS, AccountRole, Viewer
from plugin.queue.acknowledgements import store_acknowledgement
from plugin.queue.claims import is_claimed_by_another, lock_session
from plugin.queue.dispute_reading import disputes_of
from plugin.queue.dispute_views import DISPUTE_WITHIN, Dispute, DisputeState, Ground, StepKind, disputable
from plugin.queue.dispute_writing import store_dispute, store_step
from plugin.queue.judgements import labels_of, withheld_in
from plugin.queue.opening import stored_answer
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.reviews import new_label, valid_answer
from plugin.queue.scope import is_for_therapist
from plugin.queue.statements import Statement, StatementKind
from plugin.queue.views import DecisionOutcome
from stream.contracts.feedback import Assessment

MAX_COMMENT: Final = 2000
"""Characters of a therapist's comment, and of a supervisor's words to it: one page of a book."""


@dataclass(frozen=True)
class _Locked:
    """A session that a person acts on, locked, with the cipher of its words while they are kept."""

    session: Session
    viewer: Viewer
    row: StoredSession
    cipher: TextCipher | None

    def withheld(self, assessment_id: UUID) -> set[str]:
        """Return the statements of an answer that are withheld."""
        return withheld_in(labels_of(self.session, self.row.session_id).get(assessment_id, {}))

    def release(self) -> StoredDecision:
        """Return the standing release; a therapist sees no session without one."""
        return self.session.get_one(StoredDecision, (self.row.session_id, self.row.revision))


class Disputes:
    """The acknowledgements and disputes of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def acknowledge(
        self, viewer: Viewer, session_id: UUID, released_at: datetime, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Store that this therapist has read the release of that time; of one release the first time counts."""

        def act(on: _Locked) -> DecisionOutcome:
            release = on.release()
            if release.decided_at != released_at:
                return DecisionOutcome.CHANGED
            store_acknowledgement(on.session, viewer, release, self._now())
            return DecisionOutcome.DONE

        return self._act(viewer, session_id, act, "acknowledge", None, request_id, AccountRole.THERAPIST)

    def dispute(
        self,
        viewer: Viewer,
        session_id: UUID,
        released_at: datetime,
        assessment_id: UUID,
        statement: Statement,
        ground: Ground,
        text: str,
        *,
        escalated: bool = False,
        request_id: str = "",
    ) -> DecisionOutcome:
        """Store a therapist's dispute of one statement of the release that they have read.

        `escalated` asks for somebody else than the supervisor who released it.
        """

        def act(on: _Locked) -> DecisionOutcome:
            release, answer, now = on.release(), self._own_answer(on, assessment_id), self._now()
            if on.cipher is None or answer is None or release.decided_at != released_at:
                return DecisionOutcome.CHANGED
            earlier = disputes_of(on.session, on.cipher, viewer, on.row, [assessment_id])
            is_disputed = any(
                each.statement == statement and each.state is not DisputeState.WITHDRAWN for each in earlier
            )
            if is_disputed or statement not in disputable(answer, on.withheld(assessment_id)):
                return DecisionOutcome.CHANGED
            if now > release.decided_at + DISPUTE_WITHIN:
                return DecisionOutcome.TOO_LATE
            store_dispute(
                on.session,
                on.cipher,
                viewer,
                on.row,
                release,
                answer,
                statement,
                ground,
                text,
                now,
                escalated=escalated,
            )
            return DecisionOutcome.DONE

        return self._act(viewer, session_id, act, "dispute", None, request_id, AccountRole.THERAPIST)

    def withdraw(
        self, viewer: Viewer, session_id: UUID, dispute_id: UUID, seen: int, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Take an open dispute of one's own back; `seen` is the number of steps that the therapist has read."""

        def act(on: _Locked) -> DecisionOutcome:
            dispute = self._find(on, dispute_id, seen)
            if on.cipher is None or dispute is None or dispute.state is not DisputeState.OPEN:
                return DecisionOutcome.CHANGED
            store_step(on.session, on.cipher, viewer, on.row, dispute, StepKind.WITHDRAWN, self._now())
            return DecisionOutcome.DONE

        return self._act(viewer, session_id, act, "withdraw dispute", dispute_id, request_id, AccountRole.THERAPIST)

    def escalate(
        self, viewer: Viewer, session_id: UUID, dispute_id: UUID, seen: int, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Ask the lead, or else another supervisor, to look at a resolution, once; `seen` is as in `withdraw`."""

        def act(on: _Locked) -> DecisionOutcome:
            dispute, now = self._find(on, dispute_id, seen), self._now()
            if on.cipher is None or dispute is None or dispute.escalate_until is None:
                return DecisionOutcome.CHANGED
            if now > dispute.escalate_until:
                return DecisionOutcome.TOO_LATE
            store_step(on.session, on.cipher, viewer, on.row, dispute, StepKind.ESCALATED, now)
            return DecisionOutcome.DONE

        return self._act(viewer, session_id, act, "escalate dispute", dispute_id, request_id, AccountRole.THERAPIST)

    def resolve(
        self,
        viewer: Viewer,
        session_id: UUID,
        dispute_id: UUID,
        seen: int,
        opinion: Opinion,
        text: str,
        *,
        request_id: str = "",
    ) -> DecisionOutcome:
        """Resolve an open dispute: agree with the statement, withhold it, or set an own level; `seen` is as above."""

        def act(on: _Locked) -> DecisionOutcome:
            dispute, now = self._find(on, dispute_id, seen), self._now()
            if on.cipher is None or dispute is None or dispute.state is not DisputeState.OPEN:
                return DecisionOutcome.CHANGED
            if is_claimed_by_another(on.session, viewer, session_id, now):
                return DecisionOutcome.CLAIMED
            if not dispute.may_be_resolved_by(viewer.user_id):
                return DecisionOutcome.NOT_YOURS
            label = self._add_label(on, dispute, opinion, now)
            if label is None:
                return DecisionOutcome.CHANGED
            store_step(on.session, on.cipher, viewer, on.row, dispute, StepKind.RESOLVED, now, text, label=label)
            return DecisionOutcome.DONE

        return self._act(viewer, session_id, act, "resolve dispute", dispute_id, request_id, *REVIEWERS)

    def _own_answer(self, on: _Locked, assessment_id: UUID) -> Assessment | None:
        """Return an assessment that this therapist reads."""
        found = on.session.exec(
            select(StoredAnswer)
            .join(StoredExchange, col(StoredExchange.exchange_id) == col(StoredAnswer.exchange_id))
            .where(
                col(StoredAnswer.assessment_id) == assessment_id,
                col(StoredExchange.session_id) == on.row.session_id,
                col(StoredExchange.counsellor) == on.viewer.counsellor,
                is_for_therapist(),
            )
        ).first()
        answer = None if found is None else stored_answer(on.session, self._kek, on.row, found)
        return answer if isinstance(answer, Assessment) else None

    def _find(self, on: _Locked, dispute_id: UUID, seen: int) -> Dispute | None:
        """Return a dispute about a valid answer that this person may read, unless it has another number of steps."""
        stored = on.session.get(StoredDispute, dispute_id)
        if on.cipher is None or stored is None:
            return None
        if valid_answer(on.session, self._kek, on.row, stored.assessment_id) is None:
            return None
        found = disputes_of(on.session, on.cipher, on.viewer, on.row, [stored.assessment_id])
        return next((each for each in found if each.dispute_id == dispute_id and len(each.steps) == seen), None)

    def _add_label(self, on: _Locked, dispute: Dispute, opinion: Opinion, now: datetime) -> int | None:
        """Store what the supervisor says of the disputed statement; return the label's number, None if it cannot be.

        A statement that was withheld meanwhile is not shown again by saying that it stands.
        """
        answer = valid_answer(on.session, self._kek, on.row, dispute.assessment_id)
        about = dispute.statement
        if opinion.judgement is Judgement.CORRECTED:
            about = Statement(StatementKind.LEVEL, about.part)
        is_shown_again = opinion.judgement is Judgement.AGREED and str(about) in on.withheld(dispute.assessment_id)
        if answer is None or is_shown_again or opinion.judgement is Judgement.UNDONE:
            return None
        label = new_label(on.row, answer, about, opinion, on.viewer, now)
        if label is None:
            return None
        on.session.add(label)
        on.session.flush()
        return label.number

    def _act(
        self,
        viewer: Viewer,
        session_id: UUID,
        act: Callable[[_Locked], DecisionOutcome],
        purpose: str,
        dispute_id: UUID | None,
        request_id: str,
        *roles: AccountRole,
    ) -> DecisionOutcome:
        """Lock the session for a person of one of the roles, let them act, and write the entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            row = lock_session(session, viewer, session_id, with_text=True) if viewer.role in roles else None
            if row is None:
                outcome = DecisionOutcome.NOT_FOUND
            else:
                cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
                outcome = act(_Locked(session, viewer, row, cipher))
            add_audit_entry(
                session,
                viewer,
                purpose=purpose,
                object_type="session" if dispute_id is None else "dispute",
                object_id=session_id if dispute_id is None else dispute_id,
                outcome=outcome.value,
                request_id=request_id,
            )
        return outcome
