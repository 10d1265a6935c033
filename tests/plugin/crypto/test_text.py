"""Tests of text encryption: a text only decrypts in its own tenant, table, row and column."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.crypto.keys import WrongKey, new_data_key
from plugin.crypto.text import ColumnBinding, TextCipher

CIPHER = TextCipher(new_data_key())
PLACE = ColumnBinding("sample", "messages", "row-1", "text")


@given(st.text())
def test_a_text_decrypts_to_what_was_encrypted(text: str) -> None:
    """Any text, also an empty one, decrypts to what was encrypted."""
    assert CIPHER.decrypt(CIPHER.encrypt(text, PLACE), PLACE) == text


@pytest.mark.parametrize("other", [{"tenant": "other"}, {"table": "answers"}, {"row": "row-2"}, {"column": "words"}])
def test_a_ciphertext_that_was_moved_does_not_decrypt(other: dict[str, str]) -> None:
    """A ciphertext does not decrypt for another tenant, table, row or column."""
    sealed = CIPHER.encrypt("made up", PLACE)
    with pytest.raises(WrongKey, match="cannot be opened"):
        CIPHER.decrypt(sealed, replace(PLACE, **other))


def test_parts_of_a_binding_cannot_be_shifted_into_one_another() -> None:
    """Bindings whose parts join to the same string are different bindings."""
    sealed = CIPHER.encrypt("made up", ColumnBinding("sample", "messages", "row1", "text"))
    with pytest.raises(WrongKey):
        CIPHER.decrypt(sealed, ColumnBinding("sample", "messages", "row", "1text"))


def test_another_conversations_key_decrypts_nothing() -> None:
    """A text does not decrypt with the key of another conversation."""
    with pytest.raises(WrongKey):
        TextCipher(new_data_key()).decrypt(CIPHER.encrypt("made up", PLACE), PLACE)


@given(st.integers(min_value=0))
def test_changed_bytes_do_not_decrypt(where: int) -> None:
    """A ciphertext with one changed bit in nonce, ciphertext or tag does not decrypt."""
    sealed = bytearray(CIPHER.encrypt("made up", PLACE))
    sealed[where % len(sealed)] ^= 1
    with pytest.raises(WrongKey):
        CIPHER.decrypt(bytes(sealed), PLACE)


@given(st.binary(max_size=27))
def test_bytes_that_are_too_short_do_not_decrypt(sealed: bytes) -> None:
    """Bytes that are shorter than a nonce and a tag do not decrypt."""
    with pytest.raises(WrongKey):
        CIPHER.decrypt(sealed, PLACE)


def test_the_same_text_never_gives_the_same_bytes() -> None:
    """Encrypting a text twice gives different bytes, so the database does not reveal that two texts are equal."""
    assert len({CIPHER.encrypt("yes", PLACE) for _ in range(50)}) == 50


def test_neither_text_nor_key_is_in_bytes_errors_or_reprs() -> None:
    """Neither the text nor the key appears in ciphertexts, errors or reprs."""
    sealed = CIPHER.encrypt("violet heron", PLACE)
    assert b"heron" not in sealed
    assert repr(CIPHER) == "TextCipher()"
    with pytest.raises(WrongKey) as caught:
        CIPHER.decrypt(sealed, replace(PLACE, row="row-2"))
    assert "heron" not in str(caught.value)
