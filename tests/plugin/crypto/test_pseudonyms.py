"""Tests of pseudonyms: stable, keyed, different by kind and tenant, and valid in records."""

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
    """Every reference, also empty or with any Unicode, gives a pseudonym that records accept."""
    assert FITS.validate_python(NAMES.person(reference)) == NAMES.person(reference)
    assert FITS.validate_python(NAMES.conversation(reference)) == NAMES.conversation(reference)


@given(st.text(), st.text())
def test_different_references_have_different_pseudonyms(one: str, other: str) -> None:
    """Different references give different pseudonyms, and equal ones the same from every instance."""
    assert (NAMES.person(one) == Pseudonyms(KEY).person(other)) == (one == other)


def test_a_person_and_a_conversation_of_the_same_name_differ() -> None:
    """A person and a conversation of one name differ; else a room named after a client would reveal the client."""
    assert NAMES.person("ana") != NAMES.conversation("ana")


def test_another_tenants_key_gives_another_pseudonym() -> None:
    """A person has unrelated pseudonyms on two platforms, so that nobody can be followed between them."""
    assert NAMES.person("ana") != Pseudonyms(bytes(32)).person("ana")


def test_a_pseudonym_never_changes() -> None:
    """A pseudonym is HMAC-SHA256 over kind, separator and reference, and stored rows depend on that."""
    assert NAMES.person("ana") == "7da3adf61c2213a0801fd6dd76163be78ab5bd1e350a38feee32312d6b1e1e29"


@pytest.mark.parametrize("length", [0, 16, 31])
def test_a_short_key_is_refused(length: int) -> None:
    """A key under 32 bytes is refused, since somebody may try to guess pseudonyms of people in therapy."""
    with pytest.raises(ValueError, match="it needs 32"):
        Pseudonyms(bytes(length))


def test_the_key_is_not_in_the_repr() -> None:
    """The repr of the pseudonyms does not show their key, since a repr may be logged."""
    assert repr(NAMES) == "Pseudonyms()"
