"""Sealed text opens in its own place and nowhere else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.crypto.keys import WrongKey, new_data_key
from plugin.crypto.text import Place, TextCipher

CIPHER = TextCipher(new_data_key())
PLACE = Place("sample", "messages", "row-1", "text")


@given(st.text())
def test_text_comes_back_as_it_was(text: str) -> None:
    """Every character, empty text too."""
    assert CIPHER.decrypt(CIPHER.encrypt(text, PLACE), PLACE) == text


@pytest.mark.parametrize("other", [{"tenant": "other"}, {"table": "answers"}, {"row": "row-2"}, {"column": "words"}])
def test_a_ciphertext_that_was_moved_does_not_open(other: dict[str, str]) -> None:
    """To another tenant, table, row or column."""
    sealed = CIPHER.encrypt("made up", PLACE)
    with pytest.raises(WrongKey, match="cannot be opened"):
        CIPHER.decrypt(sealed, replace(PLACE, **other))


def test_parts_of_a_place_cannot_be_shifted_into_one_another() -> None:
    """`a|bc` and `ab|c` are two places."""
    sealed = CIPHER.encrypt("made up", Place("sample", "messages", "row1", "text"))
    with pytest.raises(WrongKey):
        CIPHER.decrypt(sealed, Place("sample", "messages", "row", "1text"))


def test_another_conversations_key_opens_nothing() -> None:
    """One key each."""
    with pytest.raises(WrongKey):
        TextCipher(new_data_key()).decrypt(CIPHER.encrypt("made up", PLACE), PLACE)


@given(st.integers(min_value=0))
def test_changed_bytes_do_not_open(where: int) -> None:
    """Not one bit of nonce, ciphertext or tag may differ."""
    sealed = bytearray(CIPHER.encrypt("made up", PLACE))
    sealed[where % len(sealed)] ^= 1
    with pytest.raises(WrongKey):
        CIPHER.decrypt(bytes(sealed), PLACE)


@given(st.binary(max_size=27))
def test_what_is_too_short_to_be_sealed_does_not_open(sealed: bytes) -> None:
    """Less than a nonce and a tag."""
    with pytest.raises(WrongKey):
        CIPHER.decrypt(sealed, PLACE)


def test_the_same_text_never_gives_the_same_bytes() -> None:
    """Nobody sees in the database that two people said the same."""
    assert len({CIPHER.encrypt("yes", PLACE) for _ in range(50)}) == 50


def test_neither_text_nor_key_is_in_bytes_errors_or_reprs() -> None:
    """What cannot be read cannot leak."""
    sealed = CIPHER.encrypt("violet heron", PLACE)
    assert b"heron" not in sealed
    assert repr(CIPHER) == "TextCipher()"
    with pytest.raises(WrongKey) as caught:
        CIPHER.decrypt(sealed, replace(PLACE, row="row-2"))
    assert "heron" not in str(caught.value)
