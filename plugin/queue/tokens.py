"""Tokens of the JSON API: an operator makes and revokes them, and each request is checked against the person's rights.

A token ends as the person's logins do, by a new password, disabling, removal or leaving a team; but not by a logout,
which ends what browsers hold.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.tables import Account, ApiToken
from plugin.queue.accounts import find_account, viewer_of
from plugin.queue.digest_preferences import with_chosen_zone
from plugin.queue.failed_logins import FailedLogins
from plugin.queue.token_views import (
    DEFAULT_DAYS,
    MAX_DAYS,
    Scope,
    TokenEntry,
    TokenState,
    TokenUse,
    is_token,
    new_token,
    token_hash,
)
from plugin.time_zones import NO_ZONE
from stream.contracts.errors import Misconfigured


class Tokens:
    """The tokens of a database. Every method may raise `Unavailable` when the database is away.

    `zone` is the time zone of who has chosen none.
    """

    def __init__(
        self, database: Database, failed: FailedLogins, *, now: Callable[[], datetime], zone: str = NO_ZONE
    ) -> None:
        self._database = database
        self._failed = failed
        self._now = now
        self._zone = zone

    def create(self, username: str, scopes: Collection[Scope], days: int = DEFAULT_DAYS) -> tuple[str, datetime]:
        """Make a token for an account, and return it with the time at which it expires. It is not stored anywhere.

        Raises:
            Misconfigured: there is no such enabled account, or no scope, or the time is too long.
        """
        if not scopes or not 1 <= days <= MAX_DAYS:
            raise Misconfigured(f"A token needs a scope, and lasts 1 to {MAX_DAYS} days.")
        token, now = new_token(), self._now()
        with transaction(self._database) as session:
            account = find_account(session, username)
            if account is None or account.disabled_at is not None:
                raise Misconfigured(f"No account {username} may log in. `counterpoint users list` shows them.")
            row = ApiToken(
                token_id=uuid4(),
                account_id=account.account_id,
                secret_hash=token_hash(token),
                scopes=sorted(scope.value for scope in scopes),
                generation=account.generation,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            session.add(row)
            session.flush()
            expires_at = row.expires_at
            _audit(session, row, "token created")
        return token, expires_at

    def entries(self) -> tuple[TokenEntry, ...]:
        """Return every token, by user name and the time at which it was made.

        Raises:
            Misconfigured: the user of the database sees the tokens of one account alone.
        """
        with transaction(self._database) as session:
            if session.scalar(text("SELECT row_security_active('public.api_tokens')")):
                raise Misconfigured("The user of database.url may not list tokens; the owner of the tables may.")
            found = session.exec(
                select(ApiToken, Account)
                .join(Account, col(Account.account_id) == col(ApiToken.account_id))
                .order_by(Account.username, col(ApiToken.created_at), col(ApiToken.token_id))
            ).all()
            return tuple(
                TokenEntry(
                    token_id=row.token_id,
                    username=account.username,
                    scopes=tuple(map(Scope, row.scopes)),
                    created_at=row.created_at,
                    expires_at=row.expires_at,
                    last_used_on=row.last_used_on,
                    state=token_state(row, account, self._now()),
                )
                for row, account in found
            )

    def revoke(self, token_id: UUID) -> None:
        """End a token for good; one that was revoked before stays as it is.

        Raises:
            Misconfigured: there is no such token.
        """
        with transaction(self._database) as session:
            row = session.get(ApiToken, token_id, with_for_update=True)
            if row is None:
                raise Misconfigured("There is no such token, or the user of database.url may not revoke it.")
            if row.revoked_at is None:
                row.revoked_at = self._now()
                session.flush()
                _audit(session, row, "token revoked")

    def use(self, token: str) -> TokenUse | None:
        """Return whose token it is and what it may do, or None if it is not valid; that counts as a failed login."""
        account_id = self._account_of(token) if is_token(token) else None
        if account_id is not None:
            with transaction(self._database, account_id) as session:
                row = session.exec(select(ApiToken).where(col(ApiToken.secret_hash) == token_hash(token))).one()
                account, now = session.get_one(Account, account_id), self._now()
                if token_state(row, account, now) is TokenState.VALID:
                    viewer = with_chosen_zone(session, viewer_of(session, account), self._zone)
                    used = TokenUse(viewer, row.token_id, frozenset(map(Scope, row.scopes)), row.expires_at)
                    if row.last_used_on != now.date():
                        row.last_used_on = now.date()
                    return used
        self._failed.add(account_id, self._now())
        return None

    def _account_of(self, token: str) -> UUID | None:
        with transaction(self._database) as session:
            found = text("SELECT public.counterpoint_token_account(:hash)")
            account_id: UUID | None = session.scalar(found, {"hash": token_hash(token)})
            return account_id


def token_state(row: ApiToken, account: Account, now: datetime) -> TokenState:
    """Return whether a token of an account is valid at a time."""
    if row.revoked_at is not None:
        return TokenState.REVOKED
    if account.disabled_at is not None or account.generation != row.generation:
        return TokenState.ENDED
    return TokenState.VALID if now < row.expires_at else TokenState.EXPIRED


def carry_tokens_over(session: Session, account_id: UUID) -> None:
    """Take an account's valid tokens along into its next generation of logins; the caller holds the account's row."""
    session.exec(
        update(ApiToken)
        .where(
            col(ApiToken.account_id) == account_id,
            col(ApiToken.generation)
            == select(Account.generation).where(col(Account.account_id) == account_id).scalar_subquery(),
        )
        .values(generation=ApiToken.generation + 1)
    )


def _audit(session: Session, row: ApiToken, purpose: str) -> None:
    """Write the entry about the account, so that it is among what the person is told about themselves."""
    add_audit_entry(
        session,
        None,
        purpose=purpose,
        object_type="account",
        object_id=row.account_id,
        outcome="done",
        request_id=f"token {row.token_id}",
    )
