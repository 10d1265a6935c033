"""Reading of the moments behind a therapist's own trend: levels and times, never words, and never those of another.

A moment that a later version rated again counts for each version; of a model in shadow nothing is read.
"""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import true
from sqlmodel import Session, col, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import Account, StoredAnswer, StoredExchange, StoredRerating, StoredSession
from plugin.database.tables.base import Json
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import viewer_of
from plugin.queue.alphabet import therapists_of
from plugin.queue.judgements import Labels, labels_of_sessions, withheld_in
from plugin.queue.review_views import Judgement
from plugin.queue.scope import is_for_therapist, visible_to
from plugin.queue.statements import level_of, rating_of
from plugin.queue.trend import RatedMoment, VersionTrend, trend_of
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Level, Mechanism


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
    found = session.exec(
        select(StoredSession.session_id, StoredSession.started_at, StoredAnswer)
        .join(StoredExchange, col(StoredExchange.session_id) == col(StoredSession.session_id))
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(
            visible_to(therapist),
            true() if reader == therapist else visible_to(reader),
            col(StoredAnswer.session_id) == col(StoredSession.session_id),
            col(StoredExchange.counsellor) == therapist.counsellor,
            is_for_therapist(),
        )
        .order_by(col(StoredSession.started_at), col(StoredExchange.position))
    ).all()
    sessions = {session_id for session_id, _, _ in found}
    labels, reratings = labels_of_sessions(session, sessions), _reratings(session, sessions)
    return [
        RatedMoment(
            at=started_at,
            model=ModelVersion.model_validate(rated.model),
            levels=_levels(rated.ratings, labels.get(answer.assessment_id, {})),
            rated_again=isinstance(rated, StoredRerating),
        )
        for _, started_at, answer in found
        for rated in (answer, *reratings.get(answer.assessment_id, ()))
    ]


def _reratings(session: Session, sessions: Collection[UUID]) -> dict[UUID, list[StoredRerating]]:
    """Return what later versions say of the moments of some sessions, by the answer that each stands beside."""
    found: dict[UUID, list[StoredRerating]] = defaultdict(list)
    for row in session.exec(
        select(StoredRerating).where(col(StoredRerating.session_id).in_(sessions), ~col(StoredRerating.shadow))
    ):
        found[row.assessment_id].append(row)
    return found


def _levels(ratings: Json, labels: Labels) -> dict[Mechanism, Level]:
    """Return the levels that the therapist reads: the supervisor's own where she set one, and none she withheld."""
    withheld, found = withheld_in(labels), {}
    for rating in ratings:
        mechanism = Mechanism(rating["mechanism"])
        if str(rating_of(mechanism)) in withheld:
            continue
        own = labels.get(str(level_of(mechanism)))
        if own is not None and own.opinion.judgement is Judgement.CORRECTED and own.opinion.level is not None:
            found[mechanism] = own.opinion.level
        elif rating["level"] is not None:
            found[mechanism] = Level(rating["level"])
    return found
