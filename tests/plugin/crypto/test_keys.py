"""Keys: long enough, wrapped for one conversation, never shown."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.crypto.keys import (
    KEY_BYTES,
    FingerprintKey,
    KeyEncryptionKey,
    WrongKey,
    checked_key,
    key_from_base64,
    new_data_key,
)

KEK = KeyEncryptionKey(bytes(range(KEY_BYTES)))
OTHER = KeyEncryptionKey(bytes(range(1, KEY_BYTES + 1)))


@given(st.binary(max_size=KEY_BYTES - 1))
def test_a_short_key_is_refused_without_being_told(key: bytes) -> None:
    """The sentence names lengths alone."""
    with pytest.raises(ValueError, match=f"has {len(key)} bytes, it needs {KEY_BYTES}"):
        checked_key(key)
    with pytest.raises(ValueError, match="needs"):
        key_from_base64(base64.b64encode(key).decode())


@pytest.mark.parametrize("text", ["not base64!", "ä", "AAAA=A"])
def test_what_is_not_base64_is_refused_without_being_told(text: str) -> None:
    """A secret typed wrongly is still a secret."""
    with pytest.raises(ValueError, match="not base64") as caught:
        key_from_base64(text)
    assert text not in str(caught.value)


def test_a_key_encryption_key_has_exactly_32_bytes() -> None:
    """AES-256 takes no other."""
    text = base64.b64encode(KEK.secret).decode()
    assert KeyEncryptionKey.from_base64(text) == KEK
    with pytest.raises(ValueError, match="exactly 32"):
        KeyEncryptionKey(bytes(KEY_BYTES + 1))


def test_a_wrapped_key_opens_for_its_owner_alone() -> None:
    """Another conversation, another key encryption key, or changed bytes: nothing."""
    data_key = new_data_key()
    wrapped = KEK.wrap(data_key, "sample:one")
    assert KEK.unwrap(wrapped, "sample:one") == data_key
    changed = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for kek, sealed, owner in (
        (KEK, wrapped, "sample:two"),
        (OTHER, wrapped, "sample:one"),
        (KEK, changed, "sample:one"),
        (KEK, b"", "sample:one"),
    ):
        with pytest.raises(WrongKey):
            kek.unwrap(sealed, owner)


def test_data_keys_are_new_each_time_and_wrapping_never_repeats() -> None:
    """Two conversations share nothing, and equal keys do not look equal."""
    assert new_data_key() != new_data_key()
    assert len(new_data_key()) == KEY_BYTES
    data_key = new_data_key()
    assert KEK.wrap(data_key, "sample:one") != KEK.wrap(data_key, "sample:one")


def test_the_id_of_a_key_tells_it_from_others_and_nothing_else() -> None:
    """It stands in the database in clear."""
    assert KEK.id != OTHER.id
    assert KEK.id == KeyEncryptionKey(KEK.secret).id
    assert KEK.secret.hex()[:8] not in KEK.id


def test_a_fingerprint_is_the_same_for_the_same_thing_and_key_alone() -> None:
    """Kinds are apart, so a fingerprint of one kind says nothing about another."""
    key, other = FingerprintKey(bytes(range(32))), FingerprintKey(bytes(32))
    one = key.fingerprint("conversation", "sample:one")
    assert one == key.fingerprint("conversation", "sample:one")
    assert len({one, key.fingerprint("conversation", "b"), key.fingerprint("x", "sample:one")}) == 3
    assert one != other.fingerprint("conversation", "sample:one")


def test_no_key_is_in_a_repr() -> None:
    """It would end in a log."""
    assert repr(KEK) == "KeyEncryptionKey()"
    assert repr(KeyEncryptionKey(KEK.secret, (OTHER,))) == "KeyEncryptionKey()"
    assert repr(FingerprintKey(KEK.secret)) == "FingerprintKey()"


def test_while_keys_are_exchanged_both_open_and_the_new_one_wraps() -> None:
    """A stage with the new key reads what the old one wrapped, and the other way round once it is told of both."""
    data_key = new_data_key()
    old, new = KEK.wrap(data_key, "sample:one"), OTHER.wrap(data_key, "sample:one")
    both = KeyEncryptionKey(OTHER.secret, (KEK,))
    assert both.unwrap(old, "sample:one") == both.unwrap(new, "sample:one") == data_key
    assert both.id == OTHER.id
    assert both.ids == (OTHER.id, KEK.id)
    assert OTHER.unwrap(both.wrap(data_key, "sample:one"), "sample:one") == data_key
    with pytest.raises(WrongKey):
        both.unwrap(old, "sample:two")
