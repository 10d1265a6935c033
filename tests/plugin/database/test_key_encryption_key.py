"""Tests of the check that the key of the settings is the one that wrapped the keys of the database."""

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.tombstone_key import tombstone_key
from stream.contracts.errors import Misconfigured
from tests.plugin.samples import KEK, apply_records, record

OTHER = KeyEncryptionKey(bytes(range(9, 41)))


def test_an_empty_database_takes_any_key(engine: Engine) -> None:
    """A database without keys takes any key encryption key."""
    with transaction(engine) as session:
        check_key_encryption_key(session, KEK)
        check_key_encryption_key(session, OTHER)


@pytest.mark.parametrize("emptied", ["conversation_keys", "service_keys"])
def test_another_key_is_noticed_by_whatever_it_has_not_wrapped(engine: Engine, emptied: str) -> None:
    """Another key is noticed by a key of a conversation alone, and by a key of the service alone."""
    apply_records(engine, record())
    with engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {emptied}"))
    with transaction(engine) as session:
        check_key_encryption_key(session, KEK)
        check_key_encryption_key(session, KeyEncryptionKey(OTHER.secret, (KEK,)))
        with pytest.raises(Misconfigured, match="previous_key_encryption_keys"):
            check_key_encryption_key(session, OTHER)


def test_the_tombstone_key_of_another_key_is_a_wrong_setting(engine: Engine) -> None:
    """A tombstone key that does not open says which setting is wrong, in every command that needs it."""
    with transaction(engine) as session:
        tombstone_key(session, KEK)
        with pytest.raises(Misconfigured, match="key_encryption_key is not the key"):
            tombstone_key(session, OTHER)
