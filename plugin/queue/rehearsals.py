"""The rehearsals of therapists with written clients, kept for their therapist alone.

Each method is one transaction; every step has its entry in the audit trail, which never says what was written or how it
was rated. The model is asked between two of them, so what was read is compared again before a reply is kept. Until a
model has answered, the client says nothing more: practice without feedback is no practice.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from plugin.crypto.keys import KeyEncryptionKey, new_data_key
from plugin.crypto.text import TextCipher
from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.rehearsal_keys import rehearsal_cipher, rehearsal_key_owner
from plugin.database.sealed_columns import rehearsal_words_binding
from plugin.database.tables import StoredRehearsal, StoredRehearsalStep
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.practice_views import Rated, Unrated
from plugin.queue.rehearsal_views import Rehearsal, RehearsedReply
from plugin.queue.views import DecisionOutcome
from plugin.written_client.client import ClientTurn, WrittenClient, first_turn, opening
from plugin.written_client.profiles import Profile
from plugin.written_client.turns import Force
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.vocabulary import ResistanceType

MAX_REHEARSALS: Final = 50
"""Rehearsals of one therapist: one a week for a year, and as many as fit into a list without pages."""


class _Beginning(BaseModel):
    """What the encrypted column of a rehearsal's first step holds."""

    client: WrittenClient
    opening: str
    first: ClientTurn


class _Reply(BaseModel):
    """What the encrypted column of a reply's step holds."""

    text: str
    assessment: Assessment | None = None
    abstention: Abstention | None = None
    unrated: Unrated | None = None
    then: ClientTurn | None = None


class Rehearsals:
    """The rehearsals of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def begin(
        self, viewer: Viewer, profile: Profile, behaviour: ResistanceType, force: Force, *, request_id: str = ""
    ) -> UUID | DecisionOutcome:
        """Begin a rehearsal with a client of this kind, and return its id; `FULL` if there are too many already."""
        rehearsal_id = uuid4()

        def act(session: Session) -> DecisionOutcome:
            kept = select(func.count()).select_from(StoredRehearsal).where(_own(viewer))
            if session.exec(kept).one() >= MAX_REHEARSALS:
                return DecisionOutcome.FULL
            self._add(session, viewer, rehearsal_id, WrittenClient(profile, behaviour, force, str(rehearsal_id)))
            return DecisionOutcome.DONE

        outcome = self._act(viewer, rehearsal_id, act, "begin rehearsal", request_id)
        return rehearsal_id if outcome is DecisionOutcome.DONE else outcome

    def all(self, viewer: Viewer) -> tuple[Rehearsal, ...]:
        """Return the therapist's own rehearsals, the latest first; none to anybody else."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with transaction(self._database, viewer.user_id) as session:
            return rehearsals_of(session, self._kek, viewer)

    def one(self, viewer: Viewer, rehearsal_id: UUID) -> Rehearsal | None:
        """Return one of the therapist's own rehearsals; None if there is none."""
        if viewer.role is not AccountRole.THERAPIST:
            return None
        with transaction(self._database, viewer.user_id) as session:
            return self._one(session, viewer, rehearsal_id)

    def find(
        self, viewer: Viewer, rehearsal_id: UUID, number: int, *, request_id: str = ""
    ) -> Rehearsal | DecisionOutcome:
        """Return the rehearsal to which a reply of this number would be the next, or why there is none."""
        found: Rehearsal | None = None

        def act(session: Session) -> DecisionOutcome:
            nonlocal found
            found = self._one(session, viewer, rehearsal_id)
            return _may_reply(found, number)

        outcome = self._act(viewer, rehearsal_id, act, "rehearse", request_id)
        return found if found is not None and outcome is DecisionOutcome.DONE else outcome

    def keep(
        self,
        viewer: Viewer,
        rehearsal: Rehearsal,
        text: str,
        rated: Rated,
        then: ClientTurn | None,
        *,
        request_id: str = "",
    ) -> DecisionOutcome:
        """Keep a reply in the place of the draft, with what the client says then; that is nothing without an answer."""
        number = rehearsal.next_number

        def act(session: Session) -> DecisionOutcome:
            row = session.exec(_rows(viewer, rehearsal.rehearsal_id)).first()
            if row is None:
                return DecisionOutcome.NOT_FOUND
            session.exec(
                delete(StoredRehearsalStep).where(
                    col(StoredRehearsalStep.rehearsal_id) == row.rehearsal_id,
                    col(StoredRehearsalStep.number) == number,
                    col(StoredRehearsalStep.is_draft),
                )
            )
            # A reply of this number that was kept meanwhile stays: there is one row for each number.
            words = _reply(text, rated, then).model_dump_json()
            is_draft = rated.answer is None
            is_kept = self._add_step(session, rehearsal_cipher(self._kek, row), row, number, words, is_draft=is_draft)
            return DecisionOutcome.DONE if is_kept else DecisionOutcome.CHANGED

        return self._act(viewer, rehearsal.rehearsal_id, act, "keep rehearsed reply", request_id)

    def remove(self, viewer: Viewer, rehearsal_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """Remove one of the therapist's own rehearsals with its key, for good."""

        def act(session: Session) -> DecisionOutcome:
            removed = session.exec(
                delete(StoredRehearsal).where(_own(viewer), col(StoredRehearsal.rehearsal_id) == rehearsal_id)
            )
            return DecisionOutcome.DONE if removed.rowcount else DecisionOutcome.NOT_FOUND

        return self._act(viewer, rehearsal_id, act, "remove rehearsal", request_id)

    def _one(self, session: Session, viewer: Viewer, rehearsal_id: UUID) -> Rehearsal | None:
        return next(iter(rehearsals_of(session, self._kek, viewer, rehearsal_id)), None)

    def _add(self, session: Session, viewer: Viewer, rehearsal_id: UUID, client: WrittenClient) -> None:
        data_key = new_data_key()
        row = StoredRehearsal(
            rehearsal_id=rehearsal_id,
            account_id=viewer.user_id,
            kek_id=self._kek.id,
            wrapped=self._kek.wrap(data_key, rehearsal_key_owner(rehearsal_id)),
            begun_at=self._now(),
        )
        session.add(row)
        session.flush()
        beginning = _Beginning(client=client, opening=opening(client), first=first_turn(client))
        self._add_step(session, TextCipher(data_key), row, 0, beginning.model_dump_json(), is_draft=False)

    def _add_step(
        self, session: Session, cipher: TextCipher, row: StoredRehearsal, number: int, words: str, *, is_draft: bool
    ) -> bool:
        """Store a step, and return whether none of its number was there."""
        added = session.exec(
            insert(StoredRehearsalStep)
            .values(
                rehearsal_id=row.rehearsal_id,
                number=number,
                is_draft=is_draft,
                words=cipher.encrypt(words, rehearsal_words_binding(row.rehearsal_id, number)),
                written_at=self._now(),
            )
            .on_conflict_do_nothing()
            .returning(col(StoredRehearsalStep.number))
        )
        return added.first() is not None

    def _act(
        self,
        viewer: Viewer,
        rehearsal_id: UUID,
        act: Callable[[Session], DecisionOutcome],
        purpose: str,
        request_id: str,
    ) -> DecisionOutcome:
        """Do one act of a therapist, and write its entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            outcome = act(session) if viewer.role is AccountRole.THERAPIST else DecisionOutcome.NOT_FOUND
            add_audit_entry(
                session,
                viewer,
                purpose=purpose,
                object_type="rehearsal",
                object_id=rehearsal_id,
                outcome=outcome.value,
                request_id=request_id,
            )
            return outcome


def rehearsals_of(
    session: Session, kek: KeyEncryptionKey, viewer: Viewer, rehearsal_id: UUID | None = None
) -> tuple[Rehearsal, ...]:
    """Return this person's own rehearsals, or one of them, the latest first."""
    rows = session.exec(_rows(viewer, rehearsal_id).order_by(col(StoredRehearsal.begun_at).desc())).all()
    steps = session.exec(
        select(StoredRehearsalStep)
        .where(col(StoredRehearsalStep.rehearsal_id).in_([row.rehearsal_id for row in rows]))
        .order_by(col(StoredRehearsalStep.rehearsal_id), col(StoredRehearsalStep.number))
    )
    by_row = {key: list(found) for key, found in groupby(steps, key=lambda step: step.rehearsal_id)}
    return tuple(_rehearsal(rehearsal_cipher(kek, row), row, by_row[row.rehearsal_id]) for row in rows)


def _own(viewer: Viewer) -> ColumnElement[bool]:
    return col(StoredRehearsal.account_id) == viewer.user_id


def _rows(viewer: Viewer, rehearsal_id: UUID | None) -> SelectOfScalar[StoredRehearsal]:
    rows = select(StoredRehearsal).where(_own(viewer))
    return rows if rehearsal_id is None else rows.where(col(StoredRehearsal.rehearsal_id) == rehearsal_id)


def _may_reply(rehearsal: Rehearsal | None, number: int) -> DecisionOutcome:
    if rehearsal is None:
        return DecisionOutcome.NOT_FOUND
    is_next = rehearsal.ending is None and rehearsal.next_number == number
    return DecisionOutcome.DONE if is_next else DecisionOutcome.CHANGED


def _reply(text: str, rated: Rated, then: ClientTurn | None) -> _Reply:
    answer = rated.answer
    return _Reply(
        text=text,
        assessment=answer if isinstance(answer, Assessment) else None,
        abstention=answer if isinstance(answer, Abstention) else None,
        unrated=rated.unrated,
        then=then,
    )


def _rehearsal(cipher: TextCipher, row: StoredRehearsal, steps: list[StoredRehearsalStep]) -> Rehearsal:
    first, *others = steps
    beginning = _Beginning.model_validate_json(_words(cipher, first))
    replies = [_rehearsed(cipher, step) for step in others if not step.is_draft]
    drafts = [_rehearsed(cipher, step) for step in others if step.is_draft]
    return Rehearsal(
        rehearsal_id=row.rehearsal_id,
        begun_at=row.begun_at,
        client=beginning.client,
        opening=beginning.opening,
        first=beginning.first,
        replies=tuple(replies),
        draft=drafts[0] if drafts else None,
    )


def _rehearsed(cipher: TextCipher, step: StoredRehearsalStep) -> RehearsedReply:
    words = _Reply.model_validate_json(_words(cipher, step))
    rated = Rated(words.assessment or words.abstention, words.unrated)
    return RehearsedReply(step.number, step.written_at, rated, words.text, words.then)


def _words(cipher: TextCipher, step: StoredRehearsalStep) -> str:
    return cipher.decrypt(step.words, rehearsal_words_binding(step.rehearsal_id, step.number))
