"""The tombstone key, which hashes what was erased or withdrawn.

It is created once, is stored wrapped in the database, and outlives every rotation of the key encryption key
(docs/decisions/0017-guard-key-of-its-own.md).
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import exists
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from plugin.crypto.keys import FingerprintKey, KeyEncryptionKey, WrongKey, new_data_key
from plugin.database.key_encryption_key import WRONG_KEY
from plugin.database.tables import ServiceKey, Tombstone
from stream.contracts.errors import Misconfigured

SERVICE_KEY_NAME: Final = "guard"
"""The name under which the key is stored, and for which it is wrapped: it must never change."""


def tombstone_key(session: Session, kek: KeyEncryptionKey) -> FingerprintKey:
    """Return the tombstone key; the first call creates it.

    A database of an older version, which hashed with the key encryption key itself, keeps that as its tombstone key.

    Raises:
        Misconfigured: the key encryption key is not the one that wrapped it.
    """
    row = session.get(ServiceKey, SERVICE_KEY_NAME)
    if row is None:
        secret = kek.secret if session.scalar(select(exists().where(col(Tombstone.until).is_not(None)))) else None
        values = {
            "name": SERVICE_KEY_NAME,
            "kek_id": kek.id,
            "wrapped": kek.wrap(secret or new_data_key(), service_key_owner(SERVICE_KEY_NAME)),
            "created_at": datetime.now(UTC),
        }
        session.exec(insert(ServiceKey).values(**values).on_conflict_do_nothing())
        row = session.exec(select(ServiceKey).where(col(ServiceKey.name) == SERVICE_KEY_NAME)).one()
    try:
        return FingerprintKey(kek.unwrap(row.wrapped, service_key_owner(SERVICE_KEY_NAME)))
    except WrongKey:
        raise Misconfigured(WRONG_KEY) from None


def service_key_owner(name: str) -> str:
    """Return the owner name that a service key is wrapped for; no conversation has such a name."""
    return f"service\x1f\x1f{name}"
