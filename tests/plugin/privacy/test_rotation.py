"""Tests of key rotation: every key is wrapped again, text stays the same, and stages keep working."""

import random

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.tables import Tombstone
from plugin.database.tombstone_key import tombstone_key
from plugin.database.viewer import AccountRole
from plugin.privacy import rotation
from plugin.privacy.erasure import Eraser
from plugin.privacy.rotation import check_keys_known, count_keys, rotate_keys
from plugin.queue.store import Store
from plugin.sink import apply as applying
from plugin.sink.apply import ApplyResult
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import empty, put_rows, saved_rows
from tests.plugin.privacy.stored_sessions import (
    RecordingAnnouncer,
    conversation_subject,
    run_killed_at,
    session_of_week,
)
from tests.plugin.samples import KEK, NOW, SAID, TENANT, add_person, apply_records

NEW = KeyEncryptionKey(bytes(range(7, 39)))
BOTH = KeyEncryptionKey(NEW.secret, (KEK,))


def kek_ids(engine: Engine) -> dict[str, int]:
    """Return the number of keys by the id of the key that wrapped them."""
    with transaction(engine) as session:
        return count_keys(session).by_key


def read(engine: Engine, kek: KeyEncryptionKey, number: int) -> str:
    """Return the first message of a conversation's first session."""
    with transaction(engine) as session:
        known = session.connection().execute(text("SELECT 1 FROM accounts WHERE username = 'mara'")).first()
    mara = None if known else add_person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    store = Store(engine, kek, now=lambda: NOW)
    view = store.open(mara or store.find_viewer("mara"), session_of_week(0, f"c_{number}").session_id)  # type: ignore[arg-type]
    assert view is not None
    return view.messages[0].text


def test_all_keys_are_wrapped_again_and_text_stays_readable(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After rotation all keys are wrapped by the new key, and text can be read with it alone."""
    monkeypatch.setattr(rotation, "BATCH", 2)
    apply_records(engine, *(session_of_week(0, f"c_{number}") for number in range(5)))
    steps: list[int] = []
    assert rotate_keys(engine, BOTH, step=steps.append) == sum(steps) == 6
    assert kek_ids(engine) == {NEW.id: 6}
    assert read(engine, NEW, 3) == SAID[0]
    assert rotate_keys(engine, NEW) == 0


def test_during_rotation_stages_write_and_read_with_either_key(engine: Engine) -> None:
    """During rotation stages with either present key write and read, if they know the other one."""
    apply_records(engine, session_of_week(0, "c_0"))
    with transaction(engine) as session:
        assert applying.apply(session, BOTH, session_of_week(0, "c_1"), NOW) is ApplyResult.STORED
        assert applying.apply(session, BOTH, session_of_week(1, "c_0"), NOW) is ApplyResult.STORED
    old_knows_both = KeyEncryptionKey(KEK.secret, (NEW,))
    for kek in (BOTH, old_knows_both):
        with transaction(engine) as session:
            check_key_encryption_key(session, kek)
        assert read(engine, kek, 0) == read(engine, kek, 1) == SAID[0]
    with transaction(engine) as session, pytest.raises(Misconfigured, match="previous_key_encryption_keys"):
        check_key_encryption_key(session, KEK)


def test_erasures_are_still_known_after_rotation(engine: Engine) -> None:
    """An erasure under the old key still refuses records under the new one."""
    Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(conversation_subject("c_0"))
    rotate_keys(engine, BOTH)
    with transaction(engine) as session:
        assert applying.apply(session, NEW, session_of_week(0, "c_0"), NOW) is ApplyResult.ERASED


def test_erasures_of_the_first_version_are_still_known(engine: Engine) -> None:
    """Tombstones of the first version, hashed with the key encryption key, still refuse records after rotation."""
    old = KEK.secret
    import hashlib
    import hmac

    hashed = hmac.digest(old, f"fingerprint\x1fconversation\x1f{TENANT}\x1fc_0".encode(), hashlib.sha256)
    with transaction(engine) as session:
        session.add(Tombstone(subject_hash=hashed, kind="erasure", until=NOW, erasure_id=None, recorded_at=NOW))
    assert apply_records(engine, session_of_week(0, "c_0")) == [ApplyResult.ERASED]
    rotate_keys(engine, BOTH)
    with transaction(engine) as session:
        assert tombstone_key(session, NEW).secret == old
        assert applying.apply(session, NEW, session_of_week(0, "c_0"), NOW) is ApplyResult.ERASED


def test_without_one_of_the_keys_nothing_is_changed(engine: Engine) -> None:
    """Rotation without a needed key changes nothing and names the key by its id."""
    apply_records(engine, session_of_week(0, "c_0"))
    with pytest.raises(Misconfigured, match=KEK.id):
        rotate_keys(engine, NEW)
    with transaction(engine) as session:
        check_keys_known(KEK, count_keys(session))
    assert kek_ids(engine) == {KEK.id: 2}


def test_a_changed_row_stops_rotation_with_a_message(engine: Engine) -> None:
    """A wrapped key that was changed stops rotation with a message."""
    apply_records(engine, session_of_week(0, "c_0"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE conversation_keys SET wrapped = 'nothing like a key'"))
    with pytest.raises(Misconfigured, match="does not open"):
        rotate_keys(engine, BOTH)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_rotation_killed_at_any_point_continues_where_it_was(
    engine: Engine, queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rotation killed before any statement or commit leaves all text readable, and the next run finishes it."""
    monkeypatch.setattr(rotation, "BATCH", 2)

    def work(engine: Engine) -> None:
        rotate_keys(engine, BOTH)

    apply_records(engine, *(session_of_week(0, f"c_{number}") for number in range(6)))
    stored = saved_rows(engine)
    chance, at = random.Random(5), 0
    while True:
        at += chance.randint(1, 5)
        empty(engine)
        put_rows(engine, stored)
        if not run_killed_at(queue_url, at, work):
            break
        assert all(read(engine, BOTH, number) == SAID[0] for number in range(6))
        work(engine)
        assert kek_ids(engine) == {NEW.id: 7}, f"killed before statement {at}"
    assert at > 10
