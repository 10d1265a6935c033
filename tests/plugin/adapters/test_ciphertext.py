"""Tests of ciphertext in the place of words: what is surely one is refused, and what a person types is not."""

import base64
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapters.ciphertext import WORDS_WANTED, is_ciphertext
from plugin.adapters.webhook import StandardWebhook
from stream.contracts.errors import Poison
from tests.plugin.adapters.adapters_under_test import StandardWebhookPlatform, raw_of

PLATFORM = StandardWebhookPlatform(StandardWebhook())
BLOCK = st.binary(min_size=16, max_size=16)
KEY_ID = st.text(string.ascii_letters + string.digits + "+/=", min_size=12, max_size=12)


def of_the_service(blocks: bytes) -> str:
    """Return what a service in front of the chat stores."""
    return "enc:" + base64.b64encode(blocks).decode()


def of_the_browser(key_id: str, content: bytes) -> str:
    """Return what a browser sends for the people of a room: bytes as JSON of a typed array."""
    numbered = json.dumps({str(place): value for place, value in enumerate(content)}, separators=(",", ":"))
    return key_id + base64.b64encode(numbered.encode()).decode()


@given(st.lists(BLOCK, min_size=1, max_size=20))
def test_what_the_service_encrypts_is_known(blocks: list[bytes]) -> None:
    """Whole blocks of AES behind the service's mark are ciphertext, whatever they hold."""
    assert is_ciphertext(of_the_service(b"".join(blocks)))


@given(KEY_ID, st.binary(min_size=32, max_size=200))
def test_what_a_browser_encrypts_is_known(key_id: str, content: bytes) -> None:
    """Bytes behind a room's key are ciphertext, whatever they hold."""
    assert is_ciphertext(of_the_browser(key_id, content))


@given(st.text())
def test_words_are_words(text: str) -> None:
    """What somebody types is no ciphertext, with the mark before it either."""
    assert not is_ciphertext(text)
    assert not is_ciphertext("enc: " + text)


@pytest.mark.parametrize(
    "text",
    [
        "enc:",
        "enc:hello",
        "enc:aGVsbG8=",  # no whole block
        "enc.abcdefgh",  # an encoded user name
        "See enc:AAAAAAAAAAAAAAAAAAAAAA== in the log.",
        "eyIwIjoxMjN9",
        "",
    ],
)
def test_what_only_looks_like_it_is_taken(text: str) -> None:
    """A mark alone, other base64, a user name or a quotation within a sentence is taken as words."""
    assert not is_ciphertext(text)


@pytest.mark.parametrize("kind", ["message", "edit"])
def test_a_delivery_with_ciphertext_is_refused_in_words(kind: str) -> None:
    """A message or an edit with ciphertext is refused; the answer says what is wanted, and repeats nothing."""
    payload = {"conversation_id": "r", "message_id": "m", "type": kind, "text": of_the_service(bytes(32))}
    at = "2026-03-02T19:00:30Z"
    payload |= {"role": "client", "author": "a", "sent_at": at} if kind == "message" else {"edited_at": at}
    with pytest.raises(Poison) as caught:
        PLATFORM.adapter.parse(raw_of(payload))
    assert (caught.value.place, caught.value.wanted) == ("text", WORDS_WANTED)
    assert "AAAA" not in str(caught.value)
