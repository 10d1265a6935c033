"""Hand-overs: a supervisor gives a session that waits to a named colleague, sends it back, or takes it over.

Each method is one transaction with its entry in the audit trail. Nothing is changed by it but the claim of whoever
acts, which ends: a hand-over is only ever added.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.audit import add_audit_entry
from plugin.database.conversation_keys import find_cipher
from plugin.database.engine import Database, transaction
from plugin.database.sealed_columns import handover_words_binding
from plugin.database.tables import StoredHandover, StoredSession
from plugin.database.viewer import REVIEWERS, Viewer
from plugin.queue import handover_rules
from plugin.queue.claims import end_claim, is_claimed_by_another, lock_for_review
from plugin.queue.handover_reading import assignments_of, latest_number
from plugin.queue.handover_rules import Turn
from plugin.queue.handover_views import Assignment
from plugin.queue.lists import waits
from plugin.queue.reviewers import reviewers_of
from plugin.queue.views import DecisionOutcome

_Choose = Callable[[Assignment | None, dict[UUID, str]], Turn | DecisionOutcome]
"""What a step does, by with whom the session is and who may review it; or why it cannot be taken."""


@dataclass(frozen=True)
class _Step:
    """What came of a step for the trail; `receiver_id` is the colleague who has the session by it."""

    outcome: DecisionOutcome
    receiver_id: UUID | None = None


class Handovers:
    """The hand-overs of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def hand_over(
        self, viewer: Viewer, session_id: UUID, seen: int, receiver: UUID, reason: str, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Give a session to a colleague who may review it; `seen` is the number of hand-overs that were read."""

        def choose(stands: Assignment | None, reviewers: dict[UUID, str]) -> Turn | DecisionOutcome:
            return handover_rules.hand_over(stands, viewer.user_id, receiver, reviewers)

        return self._act(viewer, session_id, seen, choose, reason, "hand over", request_id)

    def send_back(
        self, viewer: Viewer, session_id: UUID, seen: int, reason: str, *, to_sender: bool, request_id: str = ""
    ) -> DecisionOutcome:
        """Send a session back to whoever handed it over, or to the queue; `seen` is as in `hand_over`."""

        def choose(stands: Assignment | None, reviewers: dict[UUID, str]) -> Turn | DecisionOutcome:
            return handover_rules.send_back(stands, viewer.user_id, reviewers, to_sender=to_sender)

        return self._act(viewer, session_id, seen, choose, reason, "send back", request_id)

    def take_over(
        self, viewer: Viewer, session_id: UUID, seen: int, reason: str, *, request_id: str = ""
    ) -> DecisionOutcome:
        """Take a session from the colleague with whom it is; `seen` is as in `hand_over`."""

        def choose(stands: Assignment | None, _reviewers: dict[UUID, str]) -> Turn | DecisionOutcome:
            return handover_rules.take_over(stands, viewer.user_id)

        return self._act(viewer, session_id, seen, choose, reason, "take over", request_id)

    def _act(
        self,
        viewer: Viewer,
        session_id: UUID,
        seen: int,
        choose: _Choose,
        reason: str,
        purpose: str,
        request_id: str,
    ) -> DecisionOutcome:
        """Lock the session, take the step, and write its entry; a colleague who has it by it is named in a second one.

        The session's row is locked, so of two who act at once the second one finds another number of hand-overs.
        """
        with transaction(self._database, viewer.user_id) as session:
            row = lock_for_review(session, viewer, session_id, with_text=True)
            step = (
                _Step(DecisionOutcome.NOT_FOUND)
                if row is None
                else self._take(session, viewer, row, seen, choose, reason)
            )
            # Not about a "session": by that a therapist's own export finds entries.
            about: list[tuple[str, object]] = [("handover", session_id)]
            if step.receiver_id not in {None, viewer.user_id}:
                about.append(("account", step.receiver_id))
            for object_type, object_id in about:
                add_audit_entry(
                    session,
                    viewer,
                    purpose=purpose,
                    object_type=object_type,
                    object_id=object_id,
                    outcome=step.outcome.value,
                    request_id=request_id,
                )
            return step.outcome

    def _take(
        self, session: Session, viewer: Viewer, row: StoredSession, seen: int, choose: _Choose, reason: str
    ) -> _Step:
        if is_claimed_by_another(session, viewer, row.session_id, self._now()):
            return _Step(DecisionOutcome.CLAIMED)
        cipher = find_cipher(session, self._kek, row.tenant, row.conversation_id)
        if cipher is None or not waits(row) or latest_number(session, row.session_id) != seen:
            return _Step(DecisionOutcome.CHANGED)
        stands = assignments_of(session, [row.session_id]).get(row.session_id)
        turn = choose(stands, reviewers_of(session, row, *REVIEWERS))
        if isinstance(turn, DecisionOutcome):
            return _Step(turn)
        self._store(session, cipher, viewer, row, seen + 1, turn, reason)
        end_claim(session, viewer, row.session_id, self._now())
        return _Step(DecisionOutcome.DONE, turn.receiver_id)

    def _store(
        self,
        session: Session,
        cipher: TextCipher,
        viewer: Viewer,
        row: StoredSession,
        number: int,
        turn: Turn,
        reason: str,
    ) -> None:
        session.add(
            StoredHandover(
                session_id=row.session_id,
                number=number,
                revision=row.revision,
                kind=turn.kind.value,
                account_id=viewer.user_id,
                receiver_id=turn.receiver_id,
                words=cipher.encrypt(reason, handover_words_binding(row.tenant, row.session_id, number)),
                handed_at=self._now(),
            )
        )
        session.flush()
