"""A supervisor's review of a session: she claims it, and says of each statement what she thinks of it.

Each method is one transaction with its entry in the audit trail. Every step renews the claim.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredAnswer, StoredExchange, StoredLabel, StoredSession
from plugin.database.viewer import Viewer
from plugin.queue.claims import (
    end_claim,
    lock_for_review,
    refusal_of_review,
    set_claim,
    standing_decision,
)
from plugin.queue.criterion_answers import store_said
from plugin.queue.criterion_views import UNDONE, Said
from plugin.queue.notes import (
    delete_note,
    find_own_note,
    finish_follow_up,
    has_moment,
    set_follow_up,
    store_note,
)
from plugin.queue.opening import stored_answer
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import Statement, StatementKind, statements_of
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.rubric import RUBRIC_VERSION


@dataclass
class _Step:
    """One step of a review, with its outcome for the trail; `row` is None where the step is refused."""

    session: Session
    row: StoredSession | None = None
    outcome: DecisionOutcome = field(default=DecisionOutcome.NOT_FOUND)


class Reviews:
    """The reviews of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def claim(self, viewer: Viewer, session_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """Claim a session for this supervisor, or renew her claim."""
        with self._step(viewer, session_id, "claim", "session", session_id, request_id) as step:
            pass
        return step.outcome

    def give_back(self, viewer: Viewer, session_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """End this supervisor's claim, so that another may review at once."""
        with self._step(viewer, session_id, "give back", "session", session_id, request_id) as step:
            if step.row is not None:
                end_claim(step.session, viewer, session_id, self._now())
        return step.outcome

    def judge(
        self,
        viewer: Viewer,
        session_id: UUID,
        revision: int,
        assessment_id: UUID,
        statement: Statement,
        opinion: Opinion,
        *,
        request_id: str = "",
    ) -> DecisionOutcome:
        """Store one label: what this supervisor says of a statement of the answer that she has read."""
        purpose = f"{opinion.judgement} {statement.kind}"
        with self._step(viewer, session_id, purpose, "answer", assessment_id, request_id) as step:
            if step.row is not None:
                step.outcome = self._add_label(
                    step.session, viewer, step.row, revision, assessment_id, statement, opinion
                )
        return step.outcome

    def add_note(
        self,
        viewer: Viewer,
        session_id: UUID,
        exchange_id: UUID | None,
        text: str,
        *,
        shared: bool,
        follow_up_on: date | None = None,
        request_id: str = "",
    ) -> DecisionOutcome:
        """Store a coaching note about a session or a moment. One that is shared is a step of the review.

        Its author may want to come back to it on a day.
        """
        purpose, step_of = ("shared note", self._step) if shared else ("private note", self._aside)
        with step_of(viewer, session_id, purpose, "session", session_id, request_id, with_text=True) as step:
            if step.row is not None:
                step.outcome = self._store_note(
                    step.session, viewer, step.row, exchange_id, text, shared=shared, follow_up_on=follow_up_on
                )
        return step.outcome

    def answer_criterion(
        self, viewer: Viewer, session_id: UUID, revision: int, said: Said, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Store what this supervisor says to a criterion, about the revision that she has read."""
        purpose = "criterion answer undone" if said.code == UNDONE else "criterion answer"
        with self._step(viewer, session_id, purpose, "session", session_id, request_id, with_text=True) as step:
            if step.row is not None and step.row.revision != revision:
                step.outcome = DecisionOutcome.CHANGED
            elif step.row is not None:
                cipher = find_cipher(step.session, self._kek, step.row.tenant, step.row.conversation_id)
                step.outcome = store_said(step.session, cipher, viewer, step.row, said, self._now())
        return step.outcome

    def remove_note(self, viewer: Viewer, session_id: UUID, note_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """Remove a note of this supervisor's own; one that the therapist reads stays until the session is withheld."""
        with self._aside(viewer, session_id, "remove note", "session", session_id, request_id) as step:
            if step.row is not None:
                note = find_own_note(step.session, viewer, session_id, note_id)
                if note is None:
                    step.outcome = DecisionOutcome.CHANGED
                elif note.shared and standing_decision(step.session, step.row) is DecisionKind.RELEASED:
                    step.outcome = DecisionOutcome.RELEASED
                else:
                    delete_note(step.session, note_id)
        return step.outcome

    def set_follow_up(
        self, viewer: Viewer, session_id: UUID, note_id: UUID, day: date, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Set the day on which this supervisor wants to come back to a note of her own, in the place of another one."""
        with self._aside(viewer, session_id, "follow-up set", "session", session_id, request_id) as step:
            if step.row is not None:
                note = find_own_note(step.session, viewer, session_id, note_id)
                if note is None:
                    step.outcome = DecisionOutcome.CHANGED
                else:
                    set_follow_up(step.session, note, day)
        return step.outcome

    def finish_follow_up(
        self, viewer: Viewer, session_id: UUID, note_id: UUID, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Store that this supervisor has come back to a note of her own."""
        with self._aside(viewer, session_id, "follow-up done", "session", session_id, request_id) as step:
            if step.row is not None:
                note = find_own_note(step.session, viewer, session_id, note_id)
                if note is None or not finish_follow_up(step.session, note, self._now()):
                    step.outcome = DecisionOutcome.CHANGED
        return step.outcome

    def _store_note(
        self,
        session: Session,
        viewer: Viewer,
        row: StoredSession,
        exchange_id: UUID | None,
        text: str,
        *,
        shared: bool,
        follow_up_on: date | None,
    ) -> DecisionOutcome:
        if shared and standing_decision(session, row) is DecisionKind.RELEASED:
            return DecisionOutcome.RELEASED
        cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
        if cipher is None or (exchange_id is not None and not has_moment(session, row.session_id, exchange_id)):
            return DecisionOutcome.CHANGED
        store_note(
            session, cipher, viewer, row, exchange_id, text, self._now(), shared=shared, follow_up_on=follow_up_on
        )
        return DecisionOutcome.DONE

    def _add_label(
        self,
        session: Session,
        viewer: Viewer,
        row: StoredSession,
        revision: int,
        assessment_id: UUID,
        statement: Statement,
        opinion: Opinion,
    ) -> DecisionOutcome:
        if standing_decision(session, row) is DecisionKind.RELEASED:
            return DecisionOutcome.RELEASED
        answer = valid_answer(session, self._kek, row, assessment_id)
        if answer is None or row.revision != revision:
            return DecisionOutcome.CHANGED
        label = new_label(row, answer, statement, opinion, viewer, self._now())
        if label is None:
            return DecisionOutcome.CHANGED
        session.add(label)
        session.flush()
        return DecisionOutcome.DONE

    @contextmanager
    def _step(
        self,
        viewer: Viewer,
        session_id: UUID,
        purpose: str,
        object_type: str,
        object_id: UUID,
        request_id: str,
        *,
        with_text: bool = False,
    ) -> Iterator[_Step]:
        """Begin a step of the review, which renews the claim.

        It is for the supervisor alone who holds the claim or, where nobody does, with whom the session is.
        """
        with self._aside(viewer, session_id, purpose, object_type, object_id, request_id, with_text=with_text) as step:
            refusal = None if step.row is None else refusal_of_review(step.session, viewer, step.row, self._now())
            if refusal is not None:
                step.row, step.outcome = None, refusal
            elif step.row is not None:
                set_claim(step.session, viewer, session_id, self._now())
            yield step

    @contextmanager
    def _aside(
        self,
        viewer: Viewer,
        session_id: UUID,
        purpose: str,
        object_type: str,
        object_id: UUID,
        request_id: str,
        *,
        with_text: bool = False,
    ) -> Iterator[_Step]:
        """Lock the session, run the block, and write the entry with its outcome; for what needs no claim."""
        with transaction(self._database, viewer.user_id) as session:
            step = _Step(session)
            row = lock_for_review(session, viewer, session_id, with_text=with_text)
            if row is not None:
                step.row, step.outcome = row, DecisionOutcome.DONE
            yield step
            add_audit_entry(
                session,
                viewer,
                purpose=purpose,
                object_type=object_type,
                object_id=object_id,
                outcome=step.outcome.value,
                request_id=request_id,
            )


def valid_answer(
    session: Session, kek: KeyEncryptionKey, row: StoredSession, assessment_id: UUID
) -> Assessment | Abstention | None:
    """Return an answer of a session, unless a later revision has superseded it."""
    found = session.exec(
        select(StoredAnswer)
        .join(StoredExchange, col(StoredExchange.exchange_id) == col(StoredAnswer.exchange_id))
        .where(
            col(StoredAnswer.assessment_id) == assessment_id,
            col(StoredAnswer.session_id) == row.session_id,
            col(StoredAnswer.superseded_by).is_(None),
        )
    ).first()
    return None if found is None else stored_answer(session, kek, row, found)


def new_label(
    row: StoredSession,
    answer: Assessment | Abstention,
    statement: Statement,
    opinion: Opinion,
    viewer: Viewer,
    now: datetime,
) -> StoredLabel | None:
    """Return a label about a statement of an answer; None if it has no such statement, or the opinion does not fit."""
    machine = statements_of(answer).get(statement)
    if machine is None or not _fits(statement, opinion):
        return None
    return StoredLabel(
        session_id=row.session_id,
        revision=row.revision,
        exchange_id=answer.exchange_id,
        assessment_id=answer.assessment_id,
        statement=str(statement),
        judgement=opinion.judgement.value,
        reason=opinion.reason,
        level=opinion.level,
        machine=machine,
        model=answer.model.model_dump(mode="json"),
        rubric=RUBRIC_VERSION,
        account_id=viewer.user_id,
        said_at=now,
    )


def _fits(statement: Statement, opinion: Opinion) -> bool:
    """Return whether a level is set beside a level, and anything else said of a statement that can be withheld."""
    if opinion.judgement is Judgement.UNDONE:
        return True
    return (statement.kind is StatementKind.LEVEL) == (opinion.judgement is Judgement.CORRECTED)
