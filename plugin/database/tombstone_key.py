"""The key that hashes what was forgotten.

It is made once, lies wrapped in the database, and outlives every exchange of the key encryption key
(docs/decisions/0017-guard-key-of-its-own.md).
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import exists
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import FingerprintKey, KeyEncryptionKey, new_data_key
from plugin.database.tables import Forgotten, ServiceKey

GUARD: Final = "guard"


def guard_key(session: Session, kek: KeyEncryptionKey) -> FingerprintKey:
    """The guard's key; made when it is first asked for.

    A database of a version that hashed with the key encryption key itself keeps that one as its guard's key.

    Raises:
        WrongKey: the key encryption key is not the one that wrapped it.
    """
    row = session.get(ServiceKey, GUARD)
    if row is None:
        secret = kek.secret if session.scalar(select(exists().where(col(Forgotten.until).is_not(None)))) else None
        made = {
            "name": GUARD,
            "kek_id": kek.id,
            "wrapped": kek.wrap(secret or new_data_key(), owner_of(GUARD)),
            "created_at": datetime.now(UTC),
        }
        session.exec(insert(ServiceKey).values(**made).on_conflict_do_nothing())
        row = session.exec(select(ServiceKey).where(col(ServiceKey.name) == GUARD)).one()
    return FingerprintKey(kek.unwrap(row.wrapped, owner_of(GUARD)))


def owner_of(name: str) -> str:
    """For whom a service key is wrapped; no conversation has such a name."""
    return f"service\x1f\x1f{name}"
