"""Tests of stored receivers as an operator manages them: their names, addresses, secrets, and what is on the trail."""

import base64
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.crypto.receiver_secrets import new_receiver_secret, open_secret, seal_secret
from plugin.database.engine import transaction
from plugin.database.tables import StoredReceiver
from plugin.privacy.rotation import rotate_receiver_secrets
from plugin.queue.account_changes import Actor
from plugin.queue.receiver_views import MAX_RECEIVERS, ReceiverKind, checked_name, checked_url, kinds_of
from plugin.queue.receivers import NoReceiver, Receivers
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import NOW

KEY = KeyEncryptionKey(bytes(range(100, 132)))
BOTH = frozenset(ReceiverKind)
URL = "https://chat.example/hook"


@pytest.fixture
def receivers(engine: Engine) -> Receivers:
    """Return the receivers of an empty database."""
    return Receivers(engine, now=lambda: NOW)


def row_of(engine: Engine, receiver_id: UUID) -> StoredReceiver:
    """Return the row of a receiver."""
    with transaction(engine) as session:
        session.expire_on_commit = False
        return session.get_one(StoredReceiver, receiver_id)


def trail(engine: Engine) -> list[tuple[object, ...]]:
    """Return who did what to which object, and the outcome, in order."""
    with engine.connect() as connection:
        query = "SELECT account_id, purpose, object_type, object_id, outcome, request_id FROM audit ORDER BY seq"
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_secret_is_shown_once_and_stored_encrypted(engine: Engine, receivers: Receivers) -> None:
    """The secret of a new receiver is returned, is nowhere in the database, and opens with the key for it alone."""
    receiver_id, secret = receivers.add(KEY, "chat", URL, BOTH, "riverside")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    row = row_of(engine, receiver_id)
    assert base64.b64decode(secret.removeprefix("whsec_")) not in row.secret
    assert secret.encode() not in row.secret
    assert open_secret(KEY, row.secret, receiver_id) == secret
    for key, owner in ((KEY, UUID(int=1)), (KeyEncryptionKey(bytes(32)), receiver_id)):
        with pytest.raises(WrongKey):
            open_secret(key, row.secret, owner)
    assert secret not in repr(row)
    (entry,) = receivers.entries()
    assert (entry.name, entry.url, entry.tenant, entry.state) == ("chat", URL, "riverside", "enabled")
    assert entry.kinds == (ReceiverKind.DIGESTS, ReceiverKind.RELEASES)
    assert secret not in repr(entry)


def test_a_rotation_lets_both_secrets_sign_for_a_day(engine: Engine, receivers: Receivers) -> None:
    """The new secret is returned, the one before is kept until a day later, and another rotation drops the first."""
    receiver_id, first = receivers.add(KEY, "chat", URL, BOTH, None)
    second = receivers.rotate(KEY, receiver_id)
    row = row_of(engine, receiver_id)
    assert row.previous_secret is not None
    assert [open_secret(KEY, each, receiver_id) for each in (row.secret, row.previous_secret)] == [second, first]
    assert row.previous_until == NOW + timedelta(days=1)
    third = receivers.rotate(KEY, receiver_id)
    row = row_of(engine, receiver_id)
    assert row.previous_secret is not None
    assert [open_secret(KEY, each, receiver_id) for each in (row.secret, row.previous_secret)] == [third, second]
    assert len({first, second, third}) == 3


def test_a_removed_receiver_keeps_its_name_alone(engine: Engine, receivers: Receivers) -> None:
    """Address and secrets go, no list and no choice has it any more, and its name can never lead elsewhere."""
    receiver_id, _ = receivers.add(KEY, "chat", URL, BOTH, None)
    receivers.rotate(KEY, receiver_id)
    receivers.remove(receiver_id)
    row = row_of(engine, receiver_id)
    assert (row.url, row.secret, row.previous_secret) == ("", b"", None)
    assert (receivers.entries(), receivers.names(ReceiverKind.DIGESTS)) == ((), ())
    with pytest.raises(Misconfigured, match="never used"):
        receivers.add(KEY, "chat", "https://elsewhere.example/", BOTH, None)
    for change in (
        lambda: receivers.remove(receiver_id),
        lambda: receivers.rotate(KEY, receiver_id),
        lambda: receivers.set_enabled(receiver_id, enabled=True),
        lambda: receivers.replay(receiver_id, NOW),
        lambda: receivers.named("chat"),
    ):
        with pytest.raises(NoReceiver):
            change()


def test_a_disabled_receiver_is_offered_to_nobody(receivers: Receivers) -> None:
    """While it is disabled nobody can choose it for digests; enabled again, everybody can."""
    receiver_id, _ = receivers.add(KEY, "chat", URL, {ReceiverKind.DIGESTS}, None)
    receivers.add(KEY, "board", URL, {ReceiverKind.RELEASES}, None)
    assert receivers.names(ReceiverKind.DIGESTS) == ("chat",)
    receivers.set_enabled(receiver_id, enabled=False)
    assert receivers.names(ReceiverKind.DIGESTS) == ()
    assert [(each.name, each.state) for each in receivers.entries()] == [("board", "enabled"), ("chat", "disabled")]
    receivers.set_enabled(receiver_id, enabled=True)
    assert receivers.names(ReceiverKind.DIGESTS) == ("chat",)


def test_each_change_is_on_the_trail_without_address_or_secret(
    engine: Engine, receivers: Receivers, people: People
) -> None:
    """Who added, rotated, disabled, enabled, replayed and removed stands on the trail, and no address or secret."""
    by = Actor(people.operator, "request 1")
    receiver_id, secret = receivers.add(KEY, "chat", URL, BOTH, None, by)
    receivers.rotate(KEY, receiver_id, by)
    receivers.set_enabled(receiver_id, enabled=False, by=by)
    receivers.set_enabled(receiver_id, enabled=True, by=by)
    receivers.replay(receiver_id, NOW, by)
    receivers.remove(receiver_id)
    entries = trail(engine)
    assert [(purpose, outcome) for _, purpose, _, _, outcome, _ in entries] == [
        ("receiver added", "done"),
        ("receiver secret rotated", "done"),
        ("receiver disabled", "done"),
        ("receiver enabled", "done"),
        ("receiver replay", "0 notices"),
        ("receiver removed", "done"),
    ]
    assert {entry[0] for entry in entries[:-1]} == {people.operator.user_id}
    assert entries[-1][0] is None
    assert {entry[2:4] for entry in entries} == {("receiver", str(receiver_id))}
    assert not [entry for entry in entries if secret in str(entry) or "chat" in str(entry)]


def test_there_are_only_so_many(receivers: Receivers) -> None:
    """One more receiver than there may be is refused; a removed one makes room."""
    made = [receivers.add(KEY, f"hook-{number}", URL, BOTH, None)[0] for number in range(MAX_RECEIVERS)]
    with pytest.raises(Misconfigured, match=f"{MAX_RECEIVERS} receivers already"):
        receivers.add(KEY, "one-more", URL, BOTH, None)
    receivers.remove(made[0])
    receivers.add(KEY, "one-more", URL, BOTH, None)


def test_another_key_takes_over(engine: Engine, receivers: Receivers) -> None:
    """With a new key and the old one beside it every secret is encrypted again; without the old one nothing changes."""
    receiver_id, first = receivers.add(KEY, "chat", URL, BOTH, None)
    second = receivers.rotate(KEY, receiver_id)
    new = KeyEncryptionKey(bytes(range(32)))
    with pytest.raises(Misconfigured, match="keys rotate"):
        receivers.rotate(new, receiver_id)
    with pytest.raises(Misconfigured, match=r"delivery\.previous_receivers_keys"):
        rotate_receiver_secrets(engine, new)
    assert rotate_receiver_secrets(engine, KeyEncryptionKey(new.secret, (KEY,))) == 1
    row = row_of(engine, receiver_id)
    assert row.previous_secret is not None
    assert [open_secret(new, each, receiver_id) for each in (row.secret, row.previous_secret)] == [second, first]
    assert rotate_receiver_secrets(engine, new) == 0


@pytest.mark.parametrize("name", ["", "Chat", "chat room", "-chat", "chat-", "c" * 41, "caf\u00e9", "a/risk", "a\n"])
def test_a_name_has_one_form(name: str) -> None:
    """Names that could be mistaken for another one, or for a receiver of the settings, are refused."""
    with pytest.raises(Misconfigured, match="small letters"):
        checked_name(name)


@pytest.mark.parametrize(
    "url",
    [
        *("", "chat.example", "http://chat.example/", "ftp://chat.example/", "https://user:pw@chat.example/"),
        *("https://chat.example/?key=1", "https://chat.example/#a", f"https://chat.example/{'x' * 500}"),
    ],
)
def test_an_address_is_one_of_https(url: str) -> None:
    """An address without TLS, with a user, a query or a fragment, or that is none, is refused without repeating it."""
    with pytest.raises(Misconfigured, match="https://host/path") as refused:
        checked_url(url)
    assert "user:pw" not in str(refused.value)
    assert checked_url("http://127.0.0.1:8000/hook") == "http://127.0.0.1:8000/hook"


def test_what_it_gets_has_names(receivers: Receivers) -> None:
    """A receiver gets what has a name, and at least one thing."""
    assert kinds_of(["releases", "digests"]) == BOTH
    with pytest.raises(Misconfigured, match="releases or digests"):
        kinds_of(["risk"])
    with pytest.raises(Misconfigured, match="gets something"):
        receivers.add(KEY, "chat", URL, (), None)


def test_no_two_secrets_are_alike() -> None:
    """Each secret is new, and encrypts to other bytes each time."""
    secret = new_receiver_secret()
    assert secret != new_receiver_secret()
    assert seal_secret(KEY, secret, UUID(int=1)) != seal_secret(KEY, secret, UUID(int=1))
