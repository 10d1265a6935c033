"""Who sees the rows of which session, as the database decided before migration 0017; the policies must agree."""

from typing import Final
from uuid import UUID

from sqlalchemy import Engine, text

from plugin.database.engine import transaction

_ACCOUNT: Final = (
    "a.account_id = nullif(current_setting('counterpoint.account', true), '')::uuid AND a.disabled_at IS NULL"
)
_VISIBLE: Final = """
    a.role = 'therapist' AND EXISTS (
      SELECT FROM session_counsellors c
      WHERE c.session_id = s.session_id AND c.tenant = a.tenant AND c.counsellor = a.counsellor)
    OR a.role = 'supervisor' AND (
      EXISTS (
        SELECT FROM session_counsellors c
        JOIN accounts o ON o.tenant = c.tenant AND o.counsellor = c.counsellor
        JOIN memberships theirs ON theirs.account_id = o.account_id
        JOIN memberships mine ON mine.team_id = theirs.team_id AND mine.account_id = a.account_id
        WHERE c.session_id = s.session_id)
      OR a.tenant = s.tenant AND NOT EXISTS (
        SELECT FROM session_counsellors c
        JOIN accounts o ON o.tenant = c.tenant AND o.counsellor = c.counsellor
        JOIN memberships m ON m.account_id = o.account_id
        WHERE c.session_id = s.session_id))"""
_READ: Final = f"""
SELECT s.session_id FROM sessions s, accounts a WHERE {_ACCOUNT} AND NOT s.restricted AND ({_VISIBLE})
"""
_LISTED: Final = f"""
SELECT s.session_id FROM sessions s, accounts a
WHERE {_ACCOUNT} AND NOT s.restricted AND (a.role = 'operator' OR {_VISIBLE})
"""


def listed(owner: Engine, account: UUID | None) -> set[UUID]:
    """Return the sessions that an account saw in lists and numbers: an operator counts those of everybody."""
    return _found(owner, account, _LISTED)


def read(owner: Engine, account: UUID | None) -> set[UUID]:
    """Return the sessions of which an account saw the content."""
    return _found(owner, account, _READ)


def _found(owner: Engine, account: UUID | None, statement: str) -> set[UUID]:
    with transaction(owner, account) as session:
        return set(session.scalars(text(statement)))
