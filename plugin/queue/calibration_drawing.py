"""The drawing of a calibration: who can be invited, and which moments all of them may read and none has seen rated."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.conversation_keys import find_cipher
from plugin.database.tables import (
    Account,
    Membership,
    StoredAnswer,
    StoredCalibrationMoment,
    StoredExchange,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import viewer_of
from plugin.queue.alphabet import place_in_alphabet
from plugin.queue.calibration_moments import is_readable, machine_levels, stored_ids
from plugin.queue.calibration_views import Colleague
from plugin.queue.judgements import answers_exchange
from plugin.queue.opening import stored_messages
from plugin.queue.scope import visible_to
from plugin.queue.stratified_draw import Levels, draw_stratified
from stream.contracts.feedback import ModelVersion
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Verdict
from stream.reading import count_words

MAX_SESSIONS: Final = 500
"""The newest sessions from which moments are drawn: those of a large team's quarter, read within a statement's time."""


@dataclass(frozen=True)
class DrawnMoment:
    """A moment that can be drawn."""

    session: UUID
    exchange_id: UUID
    assessment_id: UUID
    reply: tuple[str, ...]
    """The message ids of the reply."""
    levels: Levels
    model: ModelVersion
    answered_at: datetime
    can_count: bool
    """Whether it can count for the agreement of a model: its client agreed, and no rater knows the model's levels."""


def colleagues_of(session: Session, viewer: Viewer) -> dict[UUID, Viewer]:
    """Return the supervisors who share a team with this one, by account."""
    in_her_teams = select(Membership.account_id).where(col(Membership.team_id).in_(viewer.team_ids))
    found = session.exec(
        select(Account).where(
            col(Account.account_id).in_(in_her_teams),
            col(Account.account_id) != viewer.user_id,
            col(Account.role) == AccountRole.SUPERVISOR.value,
            col(Account.disabled_at).is_(None),
        )
    )
    return {row.account_id: viewer_of(session, row) for row in found}


def by_alphabet(colleagues: Iterable[Viewer]) -> tuple[Colleague, ...]:
    """Return colleagues in the order of the alphabet."""
    named = [Colleague(each.user_id, each.display_name) for each in colleagues]
    return tuple(sorted(named, key=lambda each: (place_in_alphabet(each.name), each.account_id)))


def draw(session: Session, raters: Sequence[Viewer], size: int, seed: int) -> list[DrawnMoment]:
    """Return at most `size` moments that all raters may read, all answered by the model that answered last.

    Those that can count for its agreement are drawn first.
    """
    candidates = _candidates(session, raters)
    if not candidates:
        return []
    latest = max(candidates, key=lambda each: each.answered_at).model.key
    of_model = [each for each in candidates if each.model.key == latest]
    drawn = draw_stratified([each for each in of_model if each.can_count], size, seed)
    rest = draw_stratified([each for each in of_model if not each.can_count], size - len(drawn), seed)
    return draw_stratified([*drawn, *rest], size, seed)


def seen_by(session: Session, people: Collection[UUID], sessions: Collection[UUID]) -> set[UUID]:
    """Return those of some sessions of which one of these people has seen what the model says of the replies."""
    query = text("SELECT session FROM public.counterpoint_seen_by(CAST(:people AS uuid[]), CAST(:sessions AS uuid[]))")
    return set(session.scalars(query, {"people": list(people), "sessions": list(sessions)}))


def store_moments(session: Session, kek: KeyEncryptionKey, calibration_id: UUID, drawn: Sequence[DrawnMoment]) -> None:
    """Store the moments that were drawn, numbered in this order, with the length of each reply."""
    for number, moment in enumerate(drawn, start=1):
        row = session.get_one(StoredSession, moment.session)
        cipher = find_cipher(session, kek, row.tenant, row.conversation_id)
        messages = () if cipher is None else stored_messages(session, cipher, row)
        session.add(
            StoredCalibrationMoment(
                calibration_id=calibration_id,
                number=number,
                session_id=moment.session,
                exchange_id=moment.exchange_id,
                assessment_id=moment.assessment_id,
                reply_words=sum(count_words(each.text) for each in messages if each.message_id in moment.reply),
            )
        )
    session.flush()


def _candidates(session: Session, raters: Sequence[Viewer]) -> list[DrawnMoment]:
    rated = (
        col(StoredAnswer.superseded_by).is_(None),
        col(StoredAnswer.abstained).is_(None),
        col(StoredAnswer.verdict) != Verdict.REJECTED.value,
    )
    answers = select(StoredAnswer.assessment_id).where(col(StoredAnswer.session_id) == col(StoredSession.session_id))
    newest = session.exec(
        select(StoredSession.session_id)
        .where(*(visible_to(rater) for rater in raters), exists(answers.where(*rated).correlate(StoredSession)))
        .order_by(col(StoredSession.ended_at).desc(), col(StoredSession.session_id))
        .limit(MAX_SESSIONS)
    ).all()
    stored = stored_ids(session, newest)
    seen = seen_by(session, [rater.user_id for rater in raters], newest)
    answer: Any = StoredAnswer  # of which the words are not read
    query: Any = (
        select(StoredExchange, StoredSession.consent, answer.assessment_id, answer.ratings)
        .add_columns(answer.model, answer.stored_at)
        .join(answer, answers_exchange())
        .join(StoredSession, col(StoredSession.session_id) == col(StoredExchange.session_id))
        .where(col(StoredExchange.session_id).in_(newest), *rated)
        .order_by(col(StoredExchange.exchange_id))
    )
    moments = [
        DrawnMoment(
            session=exchange.session_id,
            exchange_id=exchange.exchange_id,
            assessment_id=assessment_id,
            reply=tuple(exchange.reply),
            levels=machine_levels(ratings),
            model=ModelVersion.model_validate(model),
            answered_at=stored_at,
            can_count=Consent.model_validate(consent).secondary_use and exchange.session_id not in seen,
        )
        for exchange, consent, assessment_id, ratings, model, stored_at in session.exec(query)
        if is_readable(exchange, stored.get(exchange.session_id, ()))
    ]
    return [moment for moment in moments if any(level is not None for level in moment.levels)]
