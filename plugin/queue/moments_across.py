"""Moments across sessions: what one mechanism or one behaviour looks like in all sessions that a supervisor may see.

They come by time alone, the newest first, so that nothing ranks people. Text is decrypted for the moments of one part
and for no others, and each session of which some was read has its entry in the audit trail.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, cast, literal, tuple_
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entries
from plugin.database.conversation_keys import find_ciphers
from plugin.database.engine import Database, transaction
from plugin.database.tables import StoredAnswer, StoredExchange, StoredSession
from plugin.database.viewer import Viewer
from plugin.least_people import LEAST_COUNSELLORS
from plugin.queue.calibration_reading import sessions_to_rate_first
from plugin.queue.given_sessions import given_sessions
from plugin.queue.judgements import answers_exchange, labels_of_sessions
from plugin.queue.lists import counsellor_names, session_rows
from plugin.queue.moment_filter import EVERY_MOMENT, MomentFilter, moment_matches, session_matches
from plugin.queue.moment_views import MomentAcross, MomentPart, MomentPlace, VersionCount
from plugin.queue.opening import answer_with_words
from plugin.queue.paging import PAGE
from plugin.queue.scope import visible_to
from stream.contracts.feedback import Assessment, ModelVersion

ACROSS: Final = "across sessions"
"""The purpose of reading moments across sessions, as the audit trail calls it; migration 0026 knows it too."""
SEARCHED: Final = 500
"""Sessions that are searched for one part, the newest first: a large team's quarter, read within a statement's time,
even where the row policy of their answers is asked for each and nothing matches."""


@dataclass(frozen=True)
class _Found:
    """A moment that the filter leaves, as a part is made of it."""

    place: MomentPlace
    exchange_id: UUID
    assessment_id: UUID
    counsellor: str | None
    model: ModelVersion


class MomentsAcross:
    """The moments of a database across its sessions. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._kek = kek
        self._now = now

    def read(
        self,
        viewer: Viewer,
        chosen: MomentFilter = EVERY_MOMENT,
        after: MomentPlace | None = None,
        *,
        size: int | None = None,
        request_id: str = "",
    ) -> MomentPart:
        """Return the part that begins after a place, or the first one, for who reviews; empty for any other role.

        A part has `size` moments, or as many as a page has rows, and fewer where the sessions searched have no more.
        """
        if not viewer.role.reviews:
            return MomentPart()
        with transaction(self._database, viewer.user_id) as session:
            return self._read(session, viewer, chosen, after, PAGE if size is None else size, request_id)

    def _read(
        self,
        session: Session,
        viewer: Viewer,
        chosen: MomentFilter,
        after: MomentPlace | None,
        size: int,
        request_id: str,
    ) -> MomentPart:
        now = self._now()
        to_rate = sessions_to_rate_first(session, viewer, now)
        conditions = (*session_matches(session, viewer, chosen, now), col(StoredSession.session_id).not_in(to_rate))
        ended_at = None if after is None else _ended_at(session, viewer, after.session_id)
        place = None if ended_at is None else after
        beyond = () if place is None or ended_at is None else (_from_place(ended_at, place),)
        window = _window(session, viewer, (*conditions, *beyond))
        searched = window[:SEARCHED]
        found = _matching(session, [session_id for session_id, _ in searched], chosen, place)
        is_cut = len(window) > SEARCHED
        shown = found[:size]
        return MomentPart(
            moments=self._moments(session, viewer, shown, now, request_id),
            versions=_counted(found) if place is None else (),
            searched=len(searched),
            searched_to=searched[-1][1] if is_cut else None,
            to_rate_first=len(to_rate),
            next_place=_next_place(found, shown, searched[-1][0] if is_cut else None),
        )

    def _moments(
        self, session: Session, viewer: Viewer, shown: Sequence[_Found], now: datetime, request_id: str
    ) -> tuple[MomentAcross, ...]:
        """Return moments with their words; each of their sessions gets its entry."""
        ids = list(dict.fromkeys(each.place.session_id for each in shown))
        sessions = {
            row.session_id: row
            for row in session.exec(select(StoredSession).where(col(StoredSession.session_id).in_(ids)))
        }
        rows = {row.session_id: row for row in session_rows(session, list(sessions.values()), now)}
        answers = {
            row.assessment_id: row
            for row in session.exec(
                select(StoredAnswer).where(
                    col(StoredAnswer.session_id).in_(ids),
                    col(StoredAnswer.assessment_id).in_([each.assessment_id for each in shown]),
                )
            )
        }
        labels, names = labels_of_sessions(session, ids), _names(session, sessions, shown)
        ciphers = find_ciphers(session, self._kek, {(row.tenant, row.conversation_id) for row in sessions.values()})
        moments = []
        for each in shown:
            row = sessions[each.place.session_id]
            answer = answer_with_words(
                ciphers.get((row.tenant, row.conversation_id)), row.tenant, answers[each.assessment_id]
            )
            assert isinstance(answer, Assessment)  # noqa: S101 - no abstention is found
            moments.append(
                MomentAcross(
                    row=rows[row.session_id],
                    exchange_id=each.exchange_id,
                    counsellor=None if each.counsellor is None else names[row.tenant, each.counsellor],
                    answer=answer,
                    labels=labels.get(each.assessment_id, {}),
                )
            )
        add_audit_entries(
            session,
            viewer,
            purpose=ACROSS,
            object_type="session",
            object_ids=ids,
            outcome="done",
            request_id=request_id,
        )
        return tuple(moments)


def _ended_at(session: Session, viewer: Viewer, session_id: UUID) -> datetime | None:
    marker = visible_to(viewer), col(StoredSession.session_id) == session_id
    return session.exec(select(StoredSession.ended_at).where(*marker)).first()


def _from_place(ended_at: datetime, place: MomentPlace) -> ColumnElement[bool]:
    """Return the condition that a session may hold moments that come after a place: from the place's own on."""
    columns: tuple[Any, ...] = col(StoredSession.ended_at), col(StoredSession.session_id)
    values = zip((ended_at, place.session_id), columns, strict=True)
    here, there = tuple_(*columns), tuple_(*(literal(value, column.type) for value, column in values))
    return here < there if place.is_after_session else here <= there


def _window(
    session: Session, viewer: Viewer, conditions: Collection[SQLColumnExpression[bool]]
) -> Sequence[tuple[UUID, datetime]]:
    """Return the newest sessions, and one more where there are more than are searched."""
    newest_first = col(StoredSession.ended_at).desc(), col(StoredSession.session_id).desc()
    return session.exec(
        select(StoredSession.session_id, StoredSession.ended_at)
        .where(visible_to(viewer), *conditions)
        .order_by(*newest_first)
        .limit(SEARCHED + 1)
    ).all()


def _matching(
    session: Session, sessions: Sequence[UUID], chosen: MomentFilter, after: MomentPlace | None
) -> list[_Found]:
    """Return the moments of some sessions that the filter leaves and that come after a place, in order."""
    exchange: Any = StoredExchange
    answer: Any = StoredAnswer  # of which the words are not read
    given = given_sessions(sessions)
    query: Any = (
        select(exchange.session_id, exchange.position, exchange.exchange_id, exchange.counsellor)
        .add_columns(answer.assessment_id, cast(answer.model, Text))
        .join(given, given.c.session_id == exchange.session_id)
        .join(answer, answers_exchange())
        .where(*moment_matches(chosen))
    )
    order = {session_id: at for at, session_id in enumerate(sessions)}
    version = cache(_version)  # few models stand behind many moments
    found = [
        _Found(MomentPlace(session_id, position + 1), exchange_id, assessment_id, counsellor, version(model))
        for session_id, position, exchange_id, counsellor, assessment_id, model in session.exec(query)
    ]
    left = (each for each in found if after is None or _is_after(each.place, after))
    return sorted(left, key=lambda each: (order[each.place.session_id], -each.place.position))


def _version(written: str) -> ModelVersion:
    return ModelVersion.model_validate_json(written)


def _is_after(place: MomentPlace, after: MomentPlace) -> bool:
    """Return whether a moment of the searched sessions comes after a place; of its own session, what lies before it."""
    return place.session_id != after.session_id or place.position < after.position


def _next_place(found: Sequence[_Found], shown: Sequence[_Found], cut_at: UUID | None) -> MomentPlace | None:
    if len(found) > len(shown):
        return shown[-1].place
    return None if cut_at is None else MomentPlace(cut_at, 0)


def _counted(found: Collection[_Found]) -> tuple[VersionCount, ...]:
    """Return the numbers of moments by version, in the order of their names; none about few counsellors."""
    if len({each.counsellor for each in found if each.counsellor is not None}) < LEAST_COUNSELLORS:
        return ()
    counts = Counter(each.model.key for each in found)
    models = {each.model.key: each.model for each in found}
    return tuple(VersionCount(models[key], counts[key]) for key in sorted(counts))


def _names(
    session: Session, sessions: Mapping[UUID, StoredSession], shown: Sequence[_Found]
) -> dict[tuple[str, str], str]:
    """Return the display names of those who replied, by platform and pseudonym."""
    authors = {
        (sessions[each.place.session_id].tenant, each.counsellor) for each in shown if each.counsellor is not None
    }
    return {
        (tenant, counsellor): name
        for tenant in {tenant for tenant, _ in authors}
        for counsellor, name in counsellor_names(session, tenant, (c for t, c in authors if t == tenant)).items()
    }
