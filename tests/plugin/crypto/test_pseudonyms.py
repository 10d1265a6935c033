"""Pseudonyms: stable, keyed, apart by kind and tenant, and fit for the records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.base import Pseudonym

KEY = bytes(range(32))
NAMES = Pseudonyms(KEY)
FITS: TypeAdapter[str] = TypeAdapter(Pseudonym)


@given(st.text())
def test_every_reference_gives_a_pseudonym_that_records_accept(reference: str) -> None:
    """Whatever a platform uses for ids, Unicode and emptiness included."""
    assert FITS.validate_python(NAMES.person(reference)) == NAMES.person(reference)
    assert FITS.validate_python(NAMES.conversation(reference)) == NAMES.conversation(reference)


@given(st.text(), st.text())
def test_two_references_are_two_people(one: str, other: str) -> None:
    """And one is one, on every worker and after every restart."""
    assert (NAMES.person(one) == Pseudonyms(KEY).person(other)) == (one == other)


def test_a_person_and_a_conversation_of_the_same_name_are_apart() -> None:
    """Otherwise a room named after its client would tell who it is."""
    assert NAMES.person("ana") != NAMES.conversation("ana")


def test_another_tenants_key_makes_strangers() -> None:
    """Nobody is followed from platform to platform."""
    assert NAMES.person("ana") != Pseudonyms(bytes(32)).person("ana")


def test_a_pseudonym_never_changes() -> None:
    """Stored rows hang on it: HMAC-SHA256 over kind, separator and reference."""
    assert NAMES.person("ana") == "7da3adf61c2213a0801fd6dd76163be78ab5bd1e350a38feee32312d6b1e1e29"


@pytest.mark.parametrize("length", [0, 16, 31])
def test_a_short_key_is_refused(length: int) -> None:
    """Pseudonyms of people in therapy are worth guessing at."""
    with pytest.raises(ValueError, match="it needs 32"):
        Pseudonyms(bytes(length))


def test_the_key_is_not_in_the_repr() -> None:
    """It would end in a log."""
    assert repr(NAMES) == "Pseudonyms()"
