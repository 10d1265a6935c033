"""The tokens of one person, for an export of their own data: what each may do and when it was used, and no secret."""

from typing import Any

from sqlmodel import Session, select

from plugin.database.tables import ApiToken
from plugin.database.viewer import Viewer
from plugin.exports.person_rows import Json, time_of


def tokens_of(session: Session, person: Viewer) -> list[Json]:
    """Return this person's tokens in the order in which they were made, those that are no longer valid too."""
    token: Any = ApiToken  # of which the hash of the secret is not read
    query: Any = (
        select(token.token_id, token.scopes, token.created_at, token.expires_at)
        .add_columns(token.revoked_at, token.last_used_on)
        .where(token.account_id == person.user_id)
        .order_by(token.created_at, token.token_id)
    )
    return [
        {
            "token": str(token_id),
            "scopes": scopes,
            "created_at": time_of(created_at),
            "expires_at": time_of(expires_at),
            "revoked_at": None if revoked_at is None else time_of(revoked_at),
            "last_used_on": None if last_used_on is None else last_used_on.isoformat(),
        }
        for token_id, scopes, created_at, expires_at, revoked_at, last_used_on in session.exec(query)
    ]
