"""The people of a database by a mapping: the plan for them, and its changes in one transaction.

The web stage's role may do this on behalf of an operator, as far as an operator may on the page; the owner may for a
command.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, delete, func, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_accounts
from plugin.database.roles import sees_every_session
from plugin.database.tables import Account, Membership, SessionCounsellor, StoredSession, Team
from plugin.database.viewer import AccountRole
from plugin.queue.account_changes import COMMAND, Actor
from plugin.queue.accounts import NewAccount, add_to_teams, insert_account
from plugin.queue.people_landing import Landing, RecentCounsellor, land
from plugin.queue.people_plan import plan_people
from plugin.queue.people_rows import WantedPerson
from plugin.queue.people_views import Changed, People, PeoplePlan, Person, ProviderSays
from stream.contracts.errors import Misconfigured

RECENT: Final = timedelta(days=30)
"""How far back sessions tell who counsels: a month, so that nobody is missed for a holiday."""
NO_PASSWORD: Final = ""
"""The hash that no password has: somebody sets one before the person logs in."""


@dataclass(frozen=True)
class Planned:
    """A plan, and where everybody lands by it."""

    plan: PeoplePlan
    landing: Landing


class PlanDiffersError(Exception):
    """An error that says that the plan is no longer the one that was read; nothing was changed."""


class PeopleMapping:
    """The people of a database and a mapping of them. Every method may raise `Unavailable`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def plan(
        self,
        wanted: Iterable[WantedPerson],
        provider: ProviderSays,
        *,
        disable_absent: bool = False,
        by: Actor = COMMAND,
    ) -> Planned:
        """Return what the mapping would change, and where everybody would land; nothing is changed."""
        with self._transaction(by) as session:
            if by.viewer is None and not sees_every_session(session):
                raise _not_allowed()
            plan = plan_people(_people(session), wanted, provider, disable_absent=disable_absent)
            return Planned(plan, land(plan.after, _recent_counsellors(session, self._now() - RECENT)))

    def apply(
        self,
        wanted: Iterable[WantedPerson],
        provider: ProviderSays,
        code: str,
        *,
        disable_absent: bool = False,
        by: Actor = COMMAND,
    ) -> PeoplePlan:
        """Make the changes of the plan of this code, all of them or none; returns the plan.

        Raises:
            PlanDiffersError: accounts have changed since, so that the plan is another one.
            Misconfigured: somebody of the mapping cannot be placed.
        """
        with self._transaction(by) as session:
            lock_accounts(session)
            plan = plan_people(_people(session, for_update=True), wanted, provider, disable_absent=disable_absent)
            if plan.code != code:
                raise PlanDiffersError
            if plan.refused:
                raise Misconfigured("Somebody cannot be placed, so nothing was changed. The plan says who, and why.")
            for purpose, account_id in list(self._changes(session, plan)):
                add_audit_entry(
                    session,
                    by.viewer,
                    purpose=purpose,
                    object_type="account",
                    object_id=account_id,
                    outcome="done",
                    request_id=by.request_id,
                )
            return plan

    def _changes(self, session: Session, plan: PeoplePlan) -> Iterator[tuple[str, UUID]]:
        """Make the changes, and yield what the trail says of each account, which is written last."""
        freed = [each.before for each in plan.changed if each.before.counsellor != each.after.counsellor]
        for each in freed:  # first all of them, since two people may exchange theirs
            _update(session, each, counsellor=None)
        for changed in plan.changed:
            yield _change(session, changed)
        for person in plan.disabled:
            _update(session, person, disabled_at=self._now(), generation=Account.generation + 1)
            yield "account disabled", _id(person)
        for person in plan.added:
            account_id = insert_account(session, _new_account(person), NO_PASSWORD, now=self._now())
            yield "account added", account_id

    @contextmanager
    def _transaction(self, by: Actor) -> Iterator[Session]:
        with transaction(self._database, None if by.viewer is None else by.viewer.user_id) as session:
            yield session


def _change(session: Session, changed: Changed) -> tuple[str, UUID]:
    before, after = changed.before, changed.after
    account_id = _id(before)
    _update(
        session,
        before,
        display_name=after.display_name,
        tenant=after.tenant,
        counsellor=after.counsellor,
        generation=Account.generation + (1 if changed.takes_away else 0),
    )
    left = select(Team.team_id).where(col(Team.name).in_(before.teams - after.teams))
    session.exec(delete(Membership).where(col(Membership.account_id) == account_id, col(Membership.team_id).in_(left)))
    add_to_teams(session, account_id, sorted(after.teams - before.teams))
    return f"account changed: {', '.join(name.replace('_', ' ') for name in changed.what)}", account_id


def _people(session: Session, *, for_update: bool = False) -> People:
    query = select(Account).order_by(col(Account.account_id))
    rows = session.exec(query.with_for_update() if for_update else query).all()
    teams: dict[UUID, set[str]] = {}
    memberships = select(Membership.account_id, Team.name).join(Team, col(Team.team_id) == col(Membership.team_id))
    for account_id, name in session.exec(memberships):
        teams.setdefault(account_id, set()).add(name)
    return People(
        accounts=tuple(_person(row, teams.get(row.account_id, ())) for row in rows if row.removed_at is None),
        removed_subjects=frozenset(row.subject_hash for row in rows if row.removed_at and row.subject_hash),
    )


def _person(row: Account, teams: Iterable[str]) -> Person:
    return Person(
        username=row.username,
        role=AccountRole(row.role),
        display_name=row.display_name,
        tenant=row.tenant,
        counsellor=row.counsellor,
        teams=frozenset(teams),
        account_id=row.account_id,
        issuer=row.issuer,
        subject_hash=row.subject_hash,
        is_disabled=row.disabled_at is not None,
    )


def _recent_counsellors(session: Session, since: datetime) -> tuple[RecentCounsellor, ...]:
    """Return the counsellors of sessions that ended since then; neither names nor words are among what is read."""
    query = (
        select(
            SessionCounsellor.tenant,
            SessionCounsellor.counsellor,
            func.count(),
            func.max(StoredSession.ended_at),
        )
        .join(StoredSession, col(StoredSession.session_id) == col(SessionCounsellor.session_id))
        .where(col(StoredSession.ended_at) >= since, ~col(StoredSession.restricted))
        .group_by(col(SessionCounsellor.tenant), col(SessionCounsellor.counsellor))
    )
    return tuple(RecentCounsellor(*row) for row in session.exec(query))


def _new_account(person: Person) -> NewAccount:
    return NewAccount(
        person.username,
        NO_PASSWORD,
        person.role,
        person.display_name,
        teams=sorted(person.teams),
        tenant=person.tenant,
        counsellor=person.counsellor,
        issuer=person.issuer,
        subject_hash=person.subject_hash,
    )


def _update(session: Session, person: Person, **changes: object) -> None:
    """Change a row, or say that this role may not: where row security hides it, nothing happens."""
    changed = session.exec(update(Account).where(col(Account.account_id) == _id(person)).values(**changes))
    if changed.rowcount != 1:
        raise _not_allowed()


def _not_allowed() -> Misconfigured:
    return Misconfigured("The user of database.url may not do this. Run the command as the owner of the tables.")


def _id(person: Person) -> UUID:
    assert person.account_id is not None  # noqa: S101 - only a person to be added has none
    return person.account_id
