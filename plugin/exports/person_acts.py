"""What one person said and did about a session, as JSON values, for an export of their own data.

The rows are their own alone, and so are the words: what they wrote, and nothing that they read.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select, union

from plugin.crypto.text import TextCipher
from plugin.database.sealed_columns import (
    criterion_answer_words_binding,
    dispute_step_words_binding,
    final_level_words_binding,
    handover_words_binding,
    note_comment_words_binding,
    note_words_binding,
    rating_words_binding,
)
from plugin.database.tables import (
    StoredCalibrationRating,
    StoredClaim,
    StoredCriterion,
    StoredCriterionAnswer,
    StoredDecision,
    StoredDisputeStep,
    StoredFinalLevel,
    StoredHandover,
    StoredLabel,
    StoredLookAnswer,
    StoredNote,
    StoredNoteComment,
    StoredSession,
)
from plugin.database.viewer import Viewer
from plugin.exports.person_rows import Json, time_of
from plugin.queue.scope import visible_to

_TABLES: Final[tuple[Any, ...]] = (
    *(StoredClaim, StoredDecision, StoredLabel, StoredNote, StoredCriterionAnswer, StoredDisputeStep),
    *(StoredLookAnswer, StoredCalibrationRating, StoredFinalLevel, StoredHandover, StoredNoteComment),
)
"""The tables whose rows are somebody's own, and about a session."""


def sessions_with_acts(session: Session, person: Viewer) -> tuple[UUID, ...]:
    """Return the sessions about which this person said or did something, and which they may still read, in order."""
    own = union(*(select(table.session_id).where(table.account_id == person.user_id) for table in _TABLES))
    found = session.exec(
        select(StoredSession.session_id)
        .where(visible_to(person), col(StoredSession.session_id).in_(own))
        .order_by(col(StoredSession.started_at), col(StoredSession.session_id))
    )
    return tuple(found)


def acts_in(session: Session, person: Viewer, row: StoredSession, cipher: TextCipher | None) -> Json:
    """Return what this person said and did about a session; with a cipher also what they wrote."""
    acts = _Acts(session, person, row, cipher)
    return {
        "session": str(row.session_id),
        "ended_at": time_of(row.ended_at),
        "claims": acts.claims(),
        "labels": acts.labels(),
        "decisions": acts.decisions(),
        "handovers": acts.handovers(),
        "notes": acts.notes(),
        "note_comments": acts.note_comments(),
        "criterion_answers": acts.criterion_answers(),
        "dispute_steps": acts.dispute_steps(),
        "look_answers": acts.look_answers(),
        "calibration_ratings": acts.calibration_ratings(),
        "settled_levels": acts.settled_levels(),
    }


def has_words(acts: Json) -> bool:
    """Return whether words of the person are among what they said and did about a session."""
    return any("text" in each for part in acts.values() if isinstance(part, list) for each in part)


class _Acts:
    """The rows of one person about one session."""

    def __init__(self, session: Session, person: Viewer, row: StoredSession, cipher: TextCipher | None) -> None:
        self._session = session
        self._person = person
        self._row = row
        self._cipher = cipher

    def claims(self) -> list[Json]:
        return [
            {"until": time_of(each.until), "read_revision": each.read_revision}
            for each in self._own(StoredClaim, StoredClaim.until)
        ]

    def labels(self) -> list[Json]:
        return [
            {
                "revision": each.revision,
                "moment": str(each.exchange_id),
                "statement": each.statement,
                "judgement": each.judgement,
                "reason": each.reason,
                "own_level": each.level,
                "rubric": each.rubric,
                "at": time_of(each.said_at),
            }
            for each in self._own(StoredLabel, StoredLabel.number)
        ]

    def decisions(self) -> list[Json]:
        return [
            {
                "revision": each.revision,
                "decision": each.kind,
                "as_lead": each.as_lead,
                "at": time_of(each.decided_at),
            }
            for each in self._own(StoredDecision, StoredDecision.revision)
        ]

    def notes(self) -> list[Json]:
        return [
            {
                "moment": _id(each.exchange_id),
                "shared": each.shared,
                "at": time_of(each.written_at),
                "follow_up_on": None if each.follow_up_on is None else each.follow_up_on.isoformat(),
                "followed_up_at": None if each.followed_up_at is None else time_of(each.followed_up_at),
                **self._text(each.words, note_words_binding(self._row.tenant, each.note_id)),
            }
            for each in self._own(StoredNote, StoredNote.written_at)
        ]

    def note_comments(self) -> list[Json]:
        return [
            {
                "note": str(each.note_id),
                "at": time_of(each.written_at),
                **self._text(each.words, note_comment_words_binding(self._row.tenant, each.comment_id)),
            }
            for each in self._own(StoredNoteComment, StoredNoteComment.written_at)
        ]

    def handovers(self) -> list[Json]:
        row = self._row
        return [
            {
                "number": each.number,
                "revision": each.revision,
                "kind": each.kind,
                "at": time_of(each.handed_at),
                **self._text(each.words, handover_words_binding(row.tenant, row.session_id, each.number)),
            }
            for each in self._own(StoredHandover, StoredHandover.number)
        ]

    def criterion_answers(self) -> list[Json]:
        row, answers = self._row, self._own(StoredCriterionAnswer, StoredCriterionAnswer.number)
        asked = {each.criterion_id for each in answers}
        criteria = select(StoredCriterion).where(col(StoredCriterion.criterion_id).in_(asked))
        names = {each.criterion_id: each.name for each in self._session.exec(criteria)}
        return [
            {
                "revision": each.revision,
                "criterion": names[each.criterion_id],
                "version": each.version,
                "moment": _id(each.exchange_id),
                "said": each.said,
                "stands": each.stands,
                "at": time_of(each.said_at),
                **self._text(
                    each.words,
                    criterion_answer_words_binding(
                        row.tenant, row.session_id, each.criterion_id, each.exchange_id or row.session_id
                    ),
                ),
            }
            for each in answers
        ]

    def dispute_steps(self) -> list[Json]:
        return [
            {
                "dispute": str(each.dispute_id),
                "step": each.kind,
                "at": time_of(each.taken_at),
                **self._text(each.words, dispute_step_words_binding(self._row.tenant, each.dispute_id, each.number)),
            }
            for each in self._own(StoredDisputeStep, StoredDisputeStep.taken_at)
        ]

    def look_answers(self) -> list[Json]:
        own: Any = StoredLookAnswer  # without what the machine had said, which is not theirs
        query: Any = (
            select(own.position, own.revision, own.resistance, own.critical)
            .add_columns(own.rubric, own.said_at)
            .where(own.session_id == self._row.session_id, own.account_id == self._person.user_id)
            .order_by(own.position)
        )
        return [
            {
                "client_turn": position,
                "revision": revision,
                "resistance": resistance,
                "critical": critical,
                "rubric": rubric,
                "at": time_of(said_at),
            }
            for position, revision, resistance, critical, rubric, said_at in self._session.exec(query)
        ]

    def calibration_ratings(self) -> list[Json]:
        tenant, account_id = self._row.tenant, self._person.user_id
        return [
            {
                "calibration": str(each.calibration_id),
                "number": each.number,
                "levels": each.levels,
                "blind": each.blind,
                "at": time_of(each.said_at),
                **self._text(each.words, rating_words_binding(tenant, each.calibration_id, each.number, account_id)),
            }
            for each in self._own(StoredCalibrationRating, StoredCalibrationRating.said_at)
        ]

    def settled_levels(self) -> list[Json]:
        tenant = self._row.tenant
        return [
            {
                "calibration": str(each.calibration_id),
                "number": each.number,
                "mechanism": each.mechanism,
                "level": each.level,
                "at": time_of(each.settled_at),
                **self._text(
                    each.words, final_level_words_binding(tenant, each.calibration_id, each.number, each.mechanism)
                ),
            }
            for each in self._own(StoredFinalLevel, StoredFinalLevel.settled_at)
        ]

    def _own(self, table: Any, order: Any) -> Sequence[Any]:
        """Return the person's own rows of a table about this session, in order."""
        of_session = table.session_id == self._row.session_id, table.account_id == self._person.user_id
        return self._session.exec(select(table).where(*of_session).order_by(order)).all()

    def _text(self, sealed: bytes | None, binding: Any) -> Json:
        """Return what the person wrote, or nothing where it is left out or no longer kept."""
        if self._cipher is None or sealed is None:
            return {}
        return {"text": self._cipher.decrypt(sealed, binding)}


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)
