"""The rules of which sessions a person may see. Every read on behalf of a person uses `visible_to`."""

from sqlalchemy import (
    ColumnElement,
    Exists,
    SQLColumnExpression,
    and_,
    any_,
    exists,
    false,
    func,
    literal_column,
    or_,
    true,
)
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from plugin.database.needs import Need
from plugin.database.tables import (
    Account,
    Membership,
    StoredAnswer,
    StoredDecision,
    StoredExchange,
    StoredRiskSignal,
    StoredSession,
)
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.judgements import answers_exchange, is_passed_on
from plugin.queue.views import DecisionKind
from stream.contracts.vocabulary import SessionState, Verdict

# Made once, since SQLAlchemy derives all columns of an alias at its first use.
_MINE, _THEIRS, _COUNSELLOR = aliased(Membership), aliased(Membership), aliased(Account)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `StoredSession` that this person may see it.

    Nobody sees a reopened session until it closes again, nor one that is only kept because of a legal hold. A
    supervisor sees the sessions of the counsellors in her teams and, where her account names a platform, the sessions
    of that platform without a team. A lead sees those of every team and of none. A therapist sees those he wrote in,
    once their present revision is released and holds a rated moment of his own. Operators and auditors see none.
    """
    if viewer.role.reviews:
        whose = true() if viewer.role is AccountRole.LEAD else or_(_of_teams(viewer), _of_no_team(viewer))
        is_there = col(StoredSession.state) != SessionState.REOPENED.value
        return and_(is_there, ~col(StoredSession.restricted), whose)
    if viewer.role is AccountRole.THERAPIST:
        return and_(is_released_on_platform(viewer), _has_own_moment(viewer))
    return false()


def is_released_on_platform(therapist: Viewer) -> ColumnElement[bool]:
    """Return the condition that a `StoredSession` of a therapist's platform is closed and released.

    Those of them with a moment of their own are what `visible_to` leaves a therapist; a statement that reads these
    moments need not look for them twice.
    """
    if therapist.tenant is None or therapist.counsellor is None:
        return false()
    return and_(
        col(StoredSession.state) == SessionState.CLOSED.value,
        ~col(StoredSession.restricted),
        _is_released(),
        col(StoredSession.tenant) == therapist.tenant,
    )


def signal_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `StoredRiskSignal` that this person may see it, who reviews sessions.

    Once its session is over, those see it who see the session. While the session is open nobody knows yet whose it will
    be, and somebody has to act: a supervisor sees the signals of her account's platform and of those of her teams'
    therapists, and a lead sees all.
    """
    if not viewer.role.reviews:
        return false()
    is_over = (
        select(StoredSession.session_id)
        .where(
            col(StoredSession.session_id) == col(StoredRiskSignal.session_id),
            col(StoredSession.state) != SessionState.REOPENED.value,
        )
        .correlate(StoredRiskSignal)
    )
    return or_(exists(is_over.where(visible_to(viewer))), and_(~exists(is_over), _is_of_their_platforms(viewer)))


def may_review(account: type[Account]) -> ColumnElement[bool]:
    """Return the condition that an account, or an alias of the table, reviews a `StoredSession`, if it is visible.

    It says in SQL of any account what `visible_to` says of a viewer who reviews.
    """
    is_supervisor = and_(
        col(account.role) == AccountRole.SUPERVISOR.value,
        or_(_shares_team(account), and_(col(account.tenant) == col(StoredSession.tenant), ~has_team())),
    )
    return and_(col(account.disabled_at).is_(None), or_(col(account.role) == AccountRole.LEAD.value, is_supervisor))


def has_team() -> ColumnElement[bool]:
    """Return the condition that one of the session's counsellors has an account in any team."""
    return has_counsellor(col(Account.account_id).in_(select(Membership.account_id)))


def has_counsellor(chosen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that one of a session's counsellors has one of the chosen accounts.

    The accounts are few and are read once, so that a long list compares each session's row and reads nothing else.
    """
    keys = select(counsellor_key()).where(chosen).correlate(None)
    return col(StoredSession.counsellor_keys).bool_op("&&")(func.array(keys.scalar_subquery()))


def counsellor_key() -> ColumnElement[str | None]:
    """Return the counsellor of an `Account`, as `StoredSession.counsellor_keys` has it."""
    return col(Account.tenant) + "/" + col(Account.counsellor)


def decides_present_revision() -> ColumnElement[bool]:
    """Return the condition that a `StoredDecision` is about the present revision of a `StoredSession`."""
    return and_(
        col(StoredDecision.session_id) == col(StoredSession.session_id),
        col(StoredDecision.revision) == col(StoredSession.revision),
    )


def is_decided() -> SQLColumnExpression[bool]:
    """Return the condition that there is a decision about the session's present revision."""
    return col(StoredSession.decided)


def is_queued() -> ColumnElement[bool]:
    """Return the condition that a session is in the queue: it has feedback, or is left out with risk language."""
    # No parameter, so that PostgreSQL sees which index holds these rows.
    risk: ColumnElement[int] = literal_column(str(Need.RISK.value))
    return or_(col(StoredSession.left_out).is_(None), col(StoredSession.need) == risk)


def _of_teams(viewer: Viewer) -> ColumnElement[bool]:
    members = select(Membership.account_id).where(col(Membership.team_id).in_(viewer.team_ids))
    return has_counsellor(col(Account.account_id).in_(members))


def _is_of_their_platforms(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that a `StoredRiskSignal` is of a platform whose sessions this person may come to see."""
    if viewer.role is AccountRole.LEAD:
        return true()
    of_their_teams = (
        select(Account.tenant)
        .join(Membership, col(Membership.account_id) == col(Account.account_id))
        .where(col(Membership.team_id).in_(viewer.team_ids), col(Account.role) == AccountRole.THERAPIST.value)
    )
    tenant = col(StoredRiskSignal.tenant)
    return or_(false() if viewer.tenant is None else tenant == viewer.tenant, tenant.in_(of_their_teams))


def _shares_team(account: type[Account]) -> Exists:
    """Return the condition that an account is in a team of one of the session's counsellors."""
    mine, theirs, counsellor = _MINE, _THEIRS, _COUNSELLOR
    key = col(counsellor.tenant) + "/" + col(counsellor.counsellor)
    return exists(
        select(counsellor.account_id)
        .join(theirs, col(theirs.account_id) == col(counsellor.account_id))
        .join(mine, col(mine.team_id) == col(theirs.team_id))
        .where(col(mine.account_id) == col(account.account_id), key == any_(col(StoredSession.counsellor_keys)))
        .correlate(account, StoredSession)
    )


def _of_no_team(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.tenant is None:
        return false()
    return and_(col(StoredSession.tenant) == viewer.tenant, ~has_team())


def _is_released() -> ColumnElement[bool]:
    return and_(is_decided(), col(StoredSession.decided_as) == DecisionKind.RELEASED.value)


def _has_own_moment(viewer: Viewer) -> ColumnElement[bool]:
    own_moments = (
        select(StoredExchange.exchange_id)
        .join(StoredAnswer, answers_exchange())
        .where(
            col(StoredExchange.session_id) == col(StoredSession.session_id),
            col(StoredExchange.counsellor) == viewer.counsellor,
            is_for_therapist(),
        )
        .correlate(StoredSession)
    )
    return exists(own_moments)


def is_for_therapist() -> ColumnElement[bool]:
    """Return the condition that a `StoredExchange` is shown, and that its `StoredAnswer` is valid and rates it.

    No supervisor may have kept the moment back.
    """
    return and_(
        col(StoredExchange.shown),
        col(StoredAnswer.superseded_by).is_(None),
        col(StoredAnswer.abstained).is_(None),
        col(StoredAnswer.verdict) != Verdict.REJECTED.value,
        is_passed_on(),
    )
