"""Tests of keys: their length, their wrapping for one conversation, and that they are never shown."""

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
def test_a_short_key_is_refused_without_being_shown(key: bytes) -> None:
    """A key that is too short is refused with a message that names only lengths."""
    with pytest.raises(ValueError, match=f"has {len(key)} bytes, it needs {KEY_BYTES}"):
        checked_key(key)
    with pytest.raises(ValueError, match="needs"):
        key_from_base64(base64.b64encode(key).decode())


@pytest.mark.parametrize("text", ["not base64!", "ä", "AAAA=A"])
def test_a_key_that_is_not_base64_is_refused_without_being_shown(text: str) -> None:
    """A key that is not base64 is refused with a message that does not contain it."""
    with pytest.raises(ValueError, match="not base64") as caught:
        key_from_base64(text)
    assert text not in str(caught.value)


def test_a_key_encryption_key_has_exactly_32_bytes() -> None:
    """A key encryption key has exactly 32 bytes, as AES-256 requires."""
    text = base64.b64encode(KEK.secret).decode()
    assert KeyEncryptionKey.from_base64(text) == KEK
    with pytest.raises(ValueError, match="exactly 32"):
        KeyEncryptionKey(bytes(KEY_BYTES + 1))


def test_a_wrapped_key_unwraps_only_for_its_owner() -> None:
    """A wrapped key does not unwrap for another owner, with another key, or with changed bytes."""
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
    """Every data key is new, and wrapping the same key twice gives different bytes."""
    assert new_data_key() != new_data_key()
    assert len(new_data_key()) == KEY_BYTES
    data_key = new_data_key()
    assert KEK.wrap(data_key, "sample:one") != KEK.wrap(data_key, "sample:one")


def test_the_id_of_a_key_identifies_it_without_revealing_it() -> None:
    """The id of a key distinguishes it from others and reveals none of its bytes, since it is stored in plain text."""
    assert KEK.id != OTHER.id
    assert KEK.id == KeyEncryptionKey(KEK.secret).id
    assert KEK.secret.hex()[:8] not in KEK.id


def test_a_fingerprint_depends_on_kind_value_and_key() -> None:
    """A fingerprint differs by kind, value and key, and is equal for equal ones."""
    key, other = FingerprintKey(bytes(range(32))), FingerprintKey(bytes(32))
    one = key.fingerprint("conversation", "sample:one")
    assert one == key.fingerprint("conversation", "sample:one")
    assert len({one, key.fingerprint("conversation", "b"), key.fingerprint("x", "sample:one")}) == 3
    assert one != other.fingerprint("conversation", "sample:one")


def test_no_key_is_in_a_repr() -> None:
    """The repr of a key does not show it, since a repr may be logged."""
    assert repr(KEK) == "KeyEncryptionKey()"
    assert repr(KeyEncryptionKey(KEK.secret, (OTHER,))) == "KeyEncryptionKey()"
    assert repr(FingerprintKey(KEK.secret)) == "FingerprintKey()"


def test_during_a_rotation_both_keys_unwrap_and_the_new_one_wraps() -> None:
    """During a key rotation old and new wrapped keys can be unwrapped, and only the new key wraps."""
    data_key = new_data_key()
    old, new = KEK.wrap(data_key, "sample:one"), OTHER.wrap(data_key, "sample:one")
    both = KeyEncryptionKey(OTHER.secret, (KEK,))
    assert both.unwrap(old, "sample:one") == both.unwrap(new, "sample:one") == data_key
    assert both.id == OTHER.id
    assert both.ids == (OTHER.id, KEK.id)
    assert OTHER.unwrap(both.wrap(data_key, "sample:one"), "sample:one") == data_key
    with pytest.raises(WrongKey):
        both.unwrap(old, "sample:two")
