"""The people who may review one session: the supervisors who see it, and the leads."""

from uuid import UUID

from sqlmodel import Session, col, select

from plugin.database.tables import Account, StoredSession
from plugin.database.viewer import AccountRole
from plugin.queue.scope import may_review


def reviewers_of(session: Session, row: StoredSession, *roles: AccountRole) -> dict[UUID, str]:
    """Return the names of those with one of the roles who may review a session, by account, in order of their names."""
    found = session.exec(
        select(Account.account_id, Account.display_name)
        .join(StoredSession, col(StoredSession.session_id) == row.session_id)
        .where(may_review(Account), col(Account.role).in_([role.value for role in roles]))
        .order_by(col(Account.display_name))
    )
    return dict(found.all())
