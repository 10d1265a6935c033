"""Tests of passwords: their limits, how they are stored, and that checking one tells nothing about accounts."""

import pytest

from plugin.database.viewer import AccountRole
from plugin.queue import passwords
from plugin.queue.accounts import NewAccount
from plugin.queue.passwords import MAX_PASSWORD, MIN_PASSWORD, dummy_hash, hash_password, is_correct
from stream.contracts.errors import Misconfigured
from tests.plugin.samples import PASSWORD


@pytest.mark.parametrize("length", [MIN_PASSWORD, MAX_PASSWORD])
@pytest.mark.parametrize("character", ["x", "\U0001f644"])
def test_a_password_within_the_limits_can_be_set_and_checked(length: int, character: str) -> None:
    """A password of any characters within the limits can be set, and is then correct."""
    password = character * length
    assert is_correct(password, hash_password(password))
    assert not is_correct(password[:-1], hash_password(password))


@pytest.mark.parametrize("password", ["x" * (MIN_PASSWORD - 1), "x" * (MAX_PASSWORD + 1), "", "\udc80" * MIN_PASSWORD])
def test_a_password_out_of_the_limits_is_neither_set_nor_checked(password: str) -> None:
    """A password that is too short, too long or no text is refused with its limits, and never correct."""
    with pytest.raises(Misconfigured, match="A password"):
        hash_password(password)
    assert not is_correct(password, dummy_hash())


def test_a_password_is_stored_as_argon2id_and_never_shown() -> None:
    """A password is stored as an Argon2id hash, and the repr of a new account does not show it."""
    assert hash_password(PASSWORD).startswith("$argon2id$")
    assert PASSWORD not in repr(NewAccount("a", PASSWORD, AccountRole.OPERATOR, "A"))


@pytest.mark.parametrize("expected", [None, ""])
def test_without_a_hash_no_password_is_correct(expected: str | None) -> None:
    """An unknown name and a removed account have no correct password."""
    assert not is_correct(PASSWORD, expected)


def test_an_unknown_name_takes_as_long_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a hash one of the same cost is verified, so that the duration does not reveal accounts."""
    verified: list[str] = []
    real = passwords._PASSWORD_HASH

    class Counting:
        hash = staticmethod(real.hash)

        @staticmethod
        def verify(password: str, known: str) -> bool:
            verified.append(known)
            return real.verify(password, known)

    known = hash_password(PASSWORD)
    monkeypatch.setattr(passwords, "_PASSWORD_HASH", Counting)
    for expected in (known, None, ""):
        assert not is_correct("wrong password", expected)
    parameters = [each.split("$")[:4] for each in verified]
    assert len(parameters) == 3
    assert parameters[0] == parameters[1] == parameters[2]
