"""Reading of the moments behind a therapist's own trend: levels and times, never words, and never those of another.

A moment that a later version rated again counts for each version; of a model in shadow nothing is read.
"""

from collections import defaultdict
from collections.abc import Collection
from functools import cache, partial
from json import loads
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, true
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlmodel import Session, col, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import Account, StoredAnswer, StoredExchange, StoredRerating, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import viewer_of
from plugin.queue.alphabet import therapists_of
from plugin.queue.given_sessions import given_sessions
from plugin.queue.judgements import Labels, answers_exchange, labels_of_sessions, withheld_in
from plugin.queue.review_views import Judgement
from plugin.queue.scope import is_for_therapist, is_released_on_platform, visible_to
from plugin.queue.statements import level_of, rating_of
from plugin.queue.trend import RatedMoment, VersionTrend, trend_of
from plugin.time_zones import zone_of
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Level, Mechanism

_RATINGS: Final = {mechanism: str(rating_of(mechanism)) for mechanism in Mechanism}
_LEVELS: Final = {mechanism: str(level_of(mechanism)) for mechanism in Mechanism}
"""The statements of each mechanism, as labels name them."""


class Trends:
    """The trends of the therapists of a database. Every method may raise `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def own(self, viewer: Viewer) -> tuple[VersionTrend, ...]:
        """Return this therapist's trend; empty for any other role."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with transaction(self._database, viewer.user_id) as session:
            return trend_of(_moments(session, viewer, viewer))

    def of_therapist(
        self, viewer: Viewer, account_id: UUID, *, request_id: str = ""
    ) -> tuple[str, tuple[VersionTrend, ...]] | None:
        """Return the name and the trend of one therapist of a supervisor's teams; the trail records it.

        None if there is no such therapist for her. She sees what the therapist sees, of sessions that she may see too.
        """
        if not viewer.role.reviews:
            return None
        with transaction(self._database, viewer.user_id) as session:
            therapist = _therapist(session, viewer, account_id)
            found = None
            if therapist is not None:
                found = therapist.display_name, trend_of(_moments(session, viewer, therapist))
            add_audit_entry(
                session,
                viewer,
                purpose="trend",
                object_type="account",
                object_id=account_id,
                outcome="not_found" if found is None else "done",
                request_id=request_id,
            )
            return found


def _therapist(session: Session, viewer: Viewer, account_id: UUID) -> Viewer | None:
    if account_id not in {each.account_id for each in therapists_of(session, viewer)}:
        return None
    return viewer_of(session, session.exec(select(Account).where(col(Account.account_id) == account_id)).one())


def _moments(session: Session, reader: Viewer, therapist: Viewer) -> list[RatedMoment]:
    """Return the released moments of a therapist that the reader may see too."""
    answer: Any = StoredAnswer  # of which the words are not read
    query: Any = (
        select(StoredSession.session_id, StoredSession.started_at, answer.assessment_id)
        .add_columns(*_rating_columns(answer))
        .join(StoredExchange, col(StoredExchange.session_id) == col(StoredSession.session_id))
        .join(StoredAnswer, answers_exchange())
        .where(
            is_released_on_platform(therapist),
            true() if reader == therapist else visible_to(reader),
            col(StoredExchange.counsellor) == therapist.counsellor,
            is_for_therapist(),
        )
        .order_by(col(StoredSession.started_at), col(StoredExchange.position))
    )
    found = session.exec(query).all()
    sessions = {session_id for session_id, *_ in found}
    labels = labels_of_sessions(session, sessions, {*_RATINGS.values(), *_LEVELS.values()})
    reratings = _reratings(session, sessions)
    # Few models, and few combinations of levels, stand behind many moments.
    zone, version, as_rated = zone_of(reader.zone), cache(_version), cache(partial(_levels, {}))
    return [
        RatedMoment(
            at=started_at.astimezone(zone),
            model=version(written),
            levels=_levels(labels[assessment_id], *rated) if assessment_id in labels else as_rated(*rated),
            rated_again=again,
        )
        for _, started_at, assessment_id, model, *as_released in found
        for written, rated, again in (
            (model, as_released, False),
            *((later, ratings, True) for later, *ratings in reratings.get(assessment_id, ())),
        )
    ]


def _rating_columns(table: Any) -> tuple[ColumnElement[str], ...]:
    """Return the model, and the mechanism and the level of each rating in their order, as text that is parsed once.

    They are a fraction of what all ratings are, with their evidence.
    """
    return (
        cast(table.model, Text),
        *(
            cast(func.jsonb_path_query_array(table.ratings, cast(f"$[*].{name}", JSONPATH)), Text)
            for name in ("mechanism", "level")
        ),
    )


def _version(written: str) -> ModelVersion:
    return ModelVersion.model_validate_json(written)


def _reratings(session: Session, sessions: Collection[UUID]) -> dict[UUID, list[tuple[str, str, str]]]:
    """Return what later versions say of the moments of some sessions, by the answer that each stands beside."""
    rerating: Any = StoredRerating
    given = given_sessions(sessions)
    query: Any = (
        select(rerating.assessment_id, *_rating_columns(rerating))
        .join(given, given.c.session_id == rerating.session_id)
        .where(~rerating.shadow)
    )
    found: dict[UUID, list[tuple[str, str, str]]] = defaultdict(list)
    for assessment_id, *rated in session.exec(query):
        found[assessment_id].append(tuple(rated))
    return found


def _levels(labels: Labels, mechanisms: str, levels: str) -> dict[Mechanism, Level]:
    """Return the levels that the therapist reads: the supervisor's own where she set one, and none she withheld."""
    withheld, found = withheld_in(labels), {}
    for name, level in zip(loads(mechanisms), loads(levels), strict=True):
        mechanism = Mechanism(name)
        if _RATINGS[mechanism] in withheld:
            continue
        own = labels.get(_LEVELS[mechanism])
        if own is not None and own.opinion.judgement is Judgement.CORRECTED and own.opinion.level is not None:
            found[mechanism] = own.opinion.level
        elif level is not None:
            found[mechanism] = Level(level)
    return found
