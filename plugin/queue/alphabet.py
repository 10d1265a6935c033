"""Counsellors in the order of the alphabet, which is the only order in which people are ever listed."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, collate, exists, false, func, literal_column, or_
from sqlmodel import Session, col, select

from plugin.database.tables import Account, Membership, SessionCounsellor, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.lists import SHORT_NAME, SHORT_PSEUDONYM

_ACCENTS: Final = "[\u0300-\u036f]"
"""The combining marks of Unicode, which stand alone after a decomposition."""


@dataclass(frozen=True)
class TherapistName:
    """A counsellor by whom a supervisor may filter."""

    account_id: UUID
    name: str


def therapists_of(session: Session, viewer: Viewer) -> tuple[TherapistName, ...]:
    """Return the counsellors of a supervisor's teams, and those without a team where she sees their sessions."""
    team = select(Membership.account_id).where(col(Membership.account_id) == col(Account.account_id))
    in_her_teams = exists(team.where(col(Membership.team_id).in_(viewer.team_ids)))
    without_team = false() if viewer.tenant is None else and_(col(Account.tenant) == viewer.tenant, ~exists(team))
    found = session.exec(
        select(Account.account_id, Account.display_name)
        .where(
            col(Account.role) == AccountRole.THERAPIST.value,
            col(Account.removed_at).is_(None),
            or_(in_her_teams, without_team),
        )
        .order_by(_alphabetical(col(Account.display_name)), col(Account.account_id))
    )
    return tuple(TherapistName(account_id, name) for account_id, name in found)


def therapist_place() -> ColumnElement[Any]:
    """Return the place in the alphabet of the first counsellor of a `StoredSession`; nobody comes first."""
    name = func.coalesce(
        col(Account.display_name),
        SHORT_NAME + func.left(col(SessionCounsellor.counsellor), SHORT_PSEUDONYM),
    )
    first = (
        select(_alphabetical(name))
        .select_from(SessionCounsellor)
        .outerjoin(
            Account,
            and_(
                col(Account.tenant) == col(SessionCounsellor.tenant),
                col(Account.counsellor) == col(SessionCounsellor.counsellor),
            ),
        )
        .where(col(SessionCounsellor.session_id) == col(StoredSession.session_id))
        .order_by(col(SessionCounsellor.position))
        .limit(1)
        .correlate(StoredSession)
        .scalar_subquery()
    )
    return func.coalesce(first, "")


def _alphabetical(name: SQLColumnExpression[str]) -> ColumnElement[str]:
    """Return the key of a name without accents and capitals, the same with every collation of the database."""
    bare = func.regexp_replace(func.normalize(name, literal_column("NFKD")), _ACCENTS, "", "g")
    return collate(func.lower(bare), "C")


def place_in_alphabet(name: str) -> str:
    """Return the key of a name without accents and capitals, as the database orders it."""
    return re.sub(_ACCENTS, "", unicodedata.normalize("NFKD", name)).lower()
