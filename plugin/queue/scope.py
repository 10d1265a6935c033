"""The one place that says which sessions a person may see. Every read by a person goes through `visible`."""

from uuid import UUID

from sqlalchemy import ColumnElement, Exists, and_, exists, false, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from plugin.database.tables import (
    Account,
    Membership,
    SessionCounsellor,
    StoredAnswer,
    StoredDecision,
    StoredExchange,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.views import DecisionKind
from stream.contracts.vocabulary import SessionState, Verdict


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """A condition on `StoredSession`.

    A reopened session is nobody's until it closes again; one that is kept for a legal hold alone is nobody's. A
    supervisor sees the sessions of the counsellors in her teams, and, where her account names a platform, those of
    its sessions that no team has. A therapist sees those he wrote in, once this very revision is released to him and
    holds a moment of his own. An operator sees none.
    """
    if viewer.role is AccountRole.SUPERVISOR:
        return and_(
            col(StoredSession.state) != SessionState.REOPENED.value,
            ~col(StoredSession.restricted),
            or_(_of_teams(viewer), _of_no_team(viewer)),
        )
    if viewer.role is AccountRole.THERAPIST:
        is_shown = and_(col(StoredSession.state) == SessionState.CLOSED.value, ~col(StoredSession.restricted))
        return and_(is_shown, _is_released(), _holds_own(viewer))
    return false()


def has_team() -> Exists:
    """Whether one of the session's counsellors has an account in any team."""
    return exists(_members())


def is_decided() -> Exists:
    """Whether a decision about the session's present revision stands."""
    return exists(_decisions())


def _members() -> SelectOfScalar[UUID]:
    return (
        select(SessionCounsellor.session_id)
        .join(
            Account,
            and_(
                col(Account.tenant) == col(SessionCounsellor.tenant),
                col(Account.counsellor) == col(SessionCounsellor.counsellor),
            ),
        )
        .join(Membership, col(Membership.account_id) == col(Account.account_id))
        .where(col(SessionCounsellor.session_id) == col(StoredSession.session_id))
        .correlate(StoredSession)
    )


def _of_teams(viewer: Viewer) -> Exists:
    return exists(_members().where(col(Membership.team_id).in_(viewer.team_ids)))


def _of_no_team(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.tenant is None:
        return false()
    return and_(col(StoredSession.tenant) == viewer.tenant, ~has_team())


def _decisions() -> SelectOfScalar[UUID]:
    return (
        select(StoredDecision.session_id)
        .where(
            col(StoredDecision.session_id) == col(StoredSession.session_id),
            col(StoredDecision.revision) == col(StoredSession.revision),
        )
        .correlate(StoredSession)
    )


def _is_released() -> Exists:
    return exists(_decisions().where(col(StoredDecision.kind) == DecisionKind.RELEASED.value))


def _holds_own(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.tenant is None or viewer.counsellor is None:
        return false()
    own_moments = (
        select(StoredExchange.exchange_id)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(
            col(StoredExchange.session_id) == col(StoredSession.session_id),
            col(StoredExchange.counsellor) == viewer.counsellor,
            is_for_therapist(),
        )
        .correlate(StoredSession)
    )
    return and_(col(StoredSession.tenant) == viewer.tenant, exists(own_moments))


def is_for_therapist() -> ColumnElement[bool]:
    """A condition on `StoredAnswer`: it stands, a model rated the moment, and did not reject it."""
    return and_(
        col(StoredAnswer.superseded_by).is_(None),
        col(StoredAnswer.abstained).is_(None),
        col(StoredAnswer.verdict) != Verdict.REJECTED.value,
    )
