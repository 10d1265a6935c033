"""Tests of which published keys are used: public keys for signatures that are long enough, and nothing else."""

import base64
from typing import Any

import pytest
from joserfc import jwk

from plugin.web.provider.keys import MAX_KEYS, _usable
from tests.fixtures.small_provider import new_key


def entry(key: jwk.Key, *, private: bool = False) -> dict[str, Any]:
    """Return a key as an entry of a key set."""
    return {**key.as_dict(private=private)}


PUBLIC = entry(new_key("k"))
SHORT = base64.urlsafe_b64encode(b"\xff" * 128).rstrip(b"=").decode()
"""The modulus of an RSA key of 1024 bits."""


@pytest.mark.parametrize(
    "unusable",
    [
        {},
        7,
        "key",
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "n": SHORT, "e": "AQAB"},
        {"kty": "EC", "crv": "P-256"},
        PUBLIC | {"use": "enc"},
        PUBLIC | {"crv": "none"},
    ],
)
def test_what_is_no_key_for_signatures_is_left_out(unusable: Any) -> None:
    """An entry that is no public key for signatures is left out, and the others are used."""
    assert [key.kid for key in _usable([unusable, PUBLIC])] == ["k"]


def test_of_a_private_key_the_public_part_is_used() -> None:
    """A provider that publishes a private key by mistake is believed by its public part, and the rest is not kept."""
    (key,) = _usable([entry(new_key("k"), private=True)])
    assert not key.is_private


def test_endless_lists_are_cut() -> None:
    """Of a list of keys only the first fifty are read."""
    assert len(list(_usable([PUBLIC] * 1_000))) == MAX_KEYS


def test_each_public_kind_is_used() -> None:
    """Keys of RSA, elliptic curves and Edwards curves are used."""
    made = (jwk.RSAKey.generate_key(2048), jwk.ECKey.generate_key("P-384"), jwk.OKPKey.generate_key("Ed25519"))
    assert [key.key_type for key in _usable([entry(key) for key in made])] == ["RSA", "EC", "OKP"]
