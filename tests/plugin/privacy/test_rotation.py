"""Exchanging the key encryption key: every key wrapped anew, the text untouched, the stages at work meanwhile."""

import random

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key
from plugin.database.tables import Forgotten
from plugin.database.tombstone_key import guard_key
from plugin.database.viewer import AccountRole
from plugin.privacy import rotation
from plugin.privacy.erasure import Eraser
from plugin.privacy.rotation import check, rotate, standing
from plugin.queue.store import Store
from plugin.sink import apply as applying
from plugin.sink.apply import Applied
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import empty
from tests.plugin.privacy.stored_sessions import Noted, killed_at, room, week
from tests.plugin.samples import KEK, NOW, SAID, TENANT, person, put

NEW = KeyEncryptionKey(bytes(range(7, 39)))
BOTH = KeyEncryptionKey(NEW.secret, (KEK,))


def kek_ids(engine: Engine) -> dict[str, int]:
    """Keys by what wrapped them."""
    with transaction(engine) as session:
        return standing(session).by_key


def read(engine: Engine, kek: KeyEncryptionKey, number: int) -> str:
    """The first message of a week's session."""
    with transaction(engine) as session:
        known = session.connection().execute(text("SELECT 1 FROM accounts WHERE username = 'mara'")).first()
    mara = None if known else person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    store = Store(engine, kek, now=lambda: NOW)
    view = store.open(mara or store.viewer_named("mara"), week(0, f"c_{number}").session_id)  # type: ignore[arg-type]
    assert view is not None
    return view.messages[0].text


def test_all_keys_are_wrapped_anew_and_the_text_stays_readable(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the new key alone, afterwards; the steps add up."""
    monkeypatch.setattr(rotation, "BATCH", 2)
    put(engine, *(week(0, f"c_{number}") for number in range(5)))
    steps: list[int] = []
    assert rotate(engine, BOTH, step=steps.append) == sum(steps) == 6
    assert kek_ids(engine) == {NEW.id: 6}
    assert read(engine, NEW, 3) == SAID[0]
    assert rotate(engine, NEW) == 0


def test_during_the_change_stages_write_and_read_with_either_key(engine: Engine) -> None:
    """One was restarted with the new key, the other still has the old one and knows the new."""
    put(engine, week(0, "c_0"))
    with transaction(engine) as session:
        assert applying.apply(session, BOTH, week(0, "c_1"), NOW) is Applied.STORED
        assert applying.apply(session, BOTH, week(1, "c_0"), NOW) is Applied.STORED
    old_knows_both = KeyEncryptionKey(KEK.secret, (NEW,))
    for kek in (BOTH, old_knows_both):
        with transaction(engine) as session:
            check_key(session, kek)
        assert read(engine, kek, 0) == read(engine, kek, 1) == SAID[0]
    with transaction(engine) as session, pytest.raises(Misconfigured, match="previous_key_encryption_keys"):
        check_key(session, KEK)


def test_the_guard_holds_across_the_change(engine: Engine) -> None:
    """What was erased under the old key stays erased under the new one, when the old one is gone."""
    Eraser(engine, KEK, Noted(), now=lambda: NOW).erase(room("c_0"))
    rotate(engine, BOTH)
    with transaction(engine) as session:
        assert applying.apply(session, NEW, week(0, "c_0"), NOW) is Applied.ERASED


def test_erasures_of_the_first_version_are_still_known(engine: Engine) -> None:
    """It hashed with the key encryption key itself: that becomes the key of this database's guard."""
    old = KEK.secret
    import hashlib
    import hmac

    hashed = hmac.digest(old, f"fingerprint\x1fconversation\x1f{TENANT}\x1fc_0".encode(), hashlib.sha256)
    with transaction(engine) as session:
        session.add(Forgotten(subject_hash=hashed, kind="erasure", until=NOW, erasure_id=None, recorded_at=NOW))
    assert put(engine, week(0, "c_0")) == [Applied.ERASED]
    rotate(engine, BOTH)
    with transaction(engine) as session:
        assert guard_key(session, NEW).secret == old
        assert applying.apply(session, NEW, week(0, "c_0"), NOW) is Applied.ERASED


def test_without_one_of_the_keys_nothing_is_changed(engine: Engine) -> None:
    """The sentence names it by its id."""
    put(engine, week(0, "c_0"))
    with pytest.raises(Misconfigured, match=KEK.id):
        rotate(engine, NEW)
    with transaction(engine) as session:
        check(KEK, standing(session))
    assert kek_ids(engine) == {KEK.id: 2}


def test_a_row_that_was_changed_stops_it_with_a_sentence(engine: Engine) -> None:
    """Not with a stack of names; the row's conversation is told by nothing."""
    put(engine, week(0, "c_0"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE conversation_keys SET wrapped = 'nothing like a key'"))
    with pytest.raises(Misconfigured, match="does not open"):
        rotate(engine, BOTH)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_any_point_it_goes_on_where_it_was(
    engine: Engine, queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL before a statement or a commit; in between everything can be read with both keys."""
    monkeypatch.setattr(rotation, "BATCH", 2)

    def work(engine: Engine) -> None:
        rotate(engine, BOTH)

    chance, at = random.Random(5), 0
    while True:
        at += chance.randint(1, 5)
        empty(engine)
        put(engine, *(week(0, f"c_{number}") for number in range(6)))
        if not killed_at(queue_url, at, work):
            break
        assert all(read(engine, BOTH, number) == SAID[0] for number in range(6))
        work(engine)
        assert kek_ids(engine) == {NEW.id: 7}, f"killed before statement {at}"
    assert at > 10
