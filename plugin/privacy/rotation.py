"""Exchange the key encryption key: wrap each data key anew. The text stays as it is, and the stages go on meanwhile.

Broken off and run again it goes on where it was: what is left to do is what another key has wrapped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.database.conversation_keys import owner_of as owner_of_conversation
from plugin.database.engine import transaction
from plugin.database.tables import ConversationKey, ServiceKey
from plugin.database.tombstone_key import owner_of as owner_of_service
from stream.contracts.errors import Misconfigured

BATCH: Final = 200
"""Keys a transaction: some 10 ms, for which a record of one of their conversations may have to wait."""


@dataclass(frozen=True)
class Standing:
    """How many keys lie in the database, by the id of the key that wrapped them."""

    by_key: dict[str, int]

    def waiting(self, kek: KeyEncryptionKey) -> int:
        """How many another key than the present one has wrapped."""
        return sum(count for key, count in self.by_key.items() if key != kek.id)


def standing(session: Session) -> Standing:
    """Count them."""
    found: dict[str, int] = {}
    for table in (ConversationKey, ServiceKey):
        for key, count in session.exec(select(table.kek_id, func.count()).group_by(col(table.kek_id))).all():
            found[key] = found.get(key, 0) + count
    return Standing(found)


def check(kek: KeyEncryptionKey, found: Standing) -> None:
    """Refuse to begin where a key is missing that something in the database was wrapped with.

    Raises:
        Misconfigured: names the missing keys by their ids, and how many they have wrapped.
    """
    missing = {key: count for key, count in found.by_key.items() if key not in kek.ids}
    if missing:
        told = ", ".join(f"key {key} ({count} wrapped)" for key, count in sorted(missing.items()))
        raise Misconfigured(
            f"Nothing was changed: {told} is not in the settings. Put it into database.previous_key_encryption_keys."
        )


def rotate(engine: Engine, kek: KeyEncryptionKey, *, step: Callable[[int], object] = lambda _done: None) -> int:
    """Wrap with the present key what others have wrapped; returns how many that were.

    Raises:
        Misconfigured: a key cannot be opened by any in the settings.
        Unavailable: the database is away. Run it again.
    """
    with transaction(engine) as session:
        check(kek, standing(session))
    done = 0
    while (batch := _conversation_keys(engine, kek) or _service_keys(engine, kek)) > 0:
        done += batch
        step(batch)
    return done


def _conversation_keys(engine: Engine, kek: KeyEncryptionKey) -> int:
    with transaction(engine) as session:
        rows = session.exec(
            select(ConversationKey)
            .where(col(ConversationKey.kek_id) != kek.id)
            .order_by(col(ConversationKey.tenant), col(ConversationKey.conversation_id))
            .limit(BATCH)
            .with_for_update()
        ).all()
        for row in rows:
            _rewrap(kek, row, owner_of_conversation(row.tenant, row.conversation_id))
        return len(rows)


def _service_keys(engine: Engine, kek: KeyEncryptionKey) -> int:
    with transaction(engine) as session:
        rows = session.exec(select(ServiceKey).where(col(ServiceKey.kek_id) != kek.id).with_for_update()).all()
        for row in rows:
            _rewrap(kek, row, owner_of_service(row.name))
        return len(rows)


def _rewrap(kek: KeyEncryptionKey, row: ConversationKey | ServiceKey, owner: str) -> None:
    try:
        row.wrapped = kek.wrap(kek.unwrap(row.wrapped, owner), owner)
    except WrongKey:
        raise Misconfigured(
            f"A key that says it was wrapped by {row.kek_id} does not open with it: the row was changed. The keys"
            " before it are done; this batch is as it was."
        ) from None
    row.kek_id = kek.id
