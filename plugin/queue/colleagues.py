"""The colleagues to whom a supervisor may hand a session over."""

from sqlmodel import Session

from plugin.database.tables import StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.alphabet import place_in_alphabet
from plugin.queue.handover_views import Colleague
from plugin.queue.reviewers import reviewers_of


def colleagues_of(session: Session, viewer: Viewer, row: StoredSession) -> tuple[Colleague, ...]:
    """Return who else may review a session, by the alphabet: supervisors who see it, then the leads."""
    found = [
        Colleague(account_id, name, role is AccountRole.LEAD)
        for role in (AccountRole.SUPERVISOR, AccountRole.LEAD)
        for account_id, name in reviewers_of(session, row, role).items()
        if account_id != viewer.user_id
    ]
    return tuple(sorted(found, key=lambda each: (each.is_lead, place_in_alphabet(each.name), each.account_id)))
