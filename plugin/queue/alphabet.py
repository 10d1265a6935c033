"""Counsellors in the order of the alphabet, which is the only order in which people are ever listed."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    String,
    and_,
    collate,
    exists,
    false,
    func,
    literal_column,
    or_,
    true,
)
from sqlmodel import Session, col, select

from plugin.database.tables import Account, Membership, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.lists import SHORT_NAME, SHORT_PSEUDONYM
from plugin.queue.scope import counsellor_key

_ACCENTS: Final = "[\u0300-\u036f]"
"""The combining marks of Unicode, which stand alone after a decomposition."""


@dataclass(frozen=True)
class TherapistName:
    """A counsellor by whom a supervisor may filter."""

    account_id: UUID
    name: str


def therapists_of(session: Session, viewer: Viewer) -> tuple[TherapistName, ...]:
    """Return the counsellors of a supervisor's teams, and those without a team where she sees their sessions.

    For a lead: every counsellor who has an account.
    """
    team = select(Membership.account_id).where(col(Membership.account_id) == col(Account.account_id))
    in_her_teams = exists(team.where(col(Membership.team_id).in_(viewer.team_ids)))
    without_team = false() if viewer.tenant is None else and_(col(Account.tenant) == viewer.tenant, ~exists(team))
    found = session.exec(
        select(Account.account_id, Account.display_name)
        .where(
            col(Account.role) == AccountRole.THERAPIST.value,
            col(Account.removed_at).is_(None),
            true() if viewer.role is AccountRole.LEAD else or_(in_her_teams, without_team),
        )
        .order_by(_alphabetical(col(Account.display_name)), col(Account.account_id))
    )
    return tuple(TherapistName(account_id, name) for account_id, name in found)


def therapist_place() -> ColumnElement[Any]:
    """Return the place in the alphabet of the first counsellor of a `StoredSession`; nobody comes first.

    The names of all accounts are brought into order once, in one object that each session looks its counsellor up in.
    """
    places = (
        select(func.jsonb_object_agg(counsellor_key(), _alphabetical(col(Account.display_name))))
        .where(counsellor_key().is_not(None))
        .correlate(None)
        .scalar_subquery()
    )
    first = col(StoredSession.counsellor_keys)[1]
    short_name = SHORT_NAME + func.left(func.split_part(first, "/", 2), SHORT_PSEUDONYM)
    place = func.coalesce(places.op("->>", return_type=String())(first), _alphabetical(short_name), "")
    return collate(place, "C")


def _alphabetical(name: SQLColumnExpression[str]) -> ColumnElement[str]:
    """Return the key of a name without accents and capitals, the same with every collation of the database."""
    bare = func.regexp_replace(func.normalize(name, literal_column("NFKD")), _ACCENTS, "", "g")
    return collate(func.lower(bare), "C")


def place_in_alphabet(name: str) -> str:
    """Return the key of a name without accents and capitals, as the database orders it."""
    return re.sub(_ACCENTS, "", unicodedata.normalize("NFKD", name)).lower()
