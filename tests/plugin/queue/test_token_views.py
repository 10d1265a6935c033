"""Tests of how a token is written and stored."""

import hashlib
import re

import pytest

from plugin.queue.token_views import is_token, new_token, token_hash


def test_a_token_is_found_by_whoever_looks_for_secrets() -> None:
    """A token has a prefix of ours and 256 random bits; no two are the same."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"cp_[0-9a-f]{64}", token) and is_token(token) for token in tokens)


@pytest.mark.parametrize("text", ["", "cp_", "cp_" + "0" * 63, "cp_" + "0" * 65, "cp_" + "A" * 64, "CP_" + "0" * 64])
def test_another_text_is_no_token(text: str) -> None:
    """A text of another form is no token, so that nobody asks the database about it."""
    assert not is_token(text)
    assert not is_token(f"{new_token()}\n")


def test_a_token_is_stored_as_a_hash() -> None:
    """The stored hash is the SHA-256 of the token."""
    token = new_token()
    assert token_hash(token) == hashlib.sha256(token.encode()).digest()
