"""Ciphertext in the place of words, as services send it that encrypt what they store; pure functions.

A detector would find nothing in it, and a supervisor would read it. docs/platforms/onlineberatung.md says who has what.
"""

import base64
import re
from typing import Final

WORDS_WANTED: Final = "the words as a person reads them; this is ciphertext, so send them before they are encrypted"
_BLOCK_BYTES: Final = 16
"""Of AES: ciphertext is whole blocks of it, and of an empty message still one."""
_BY_THE_SERVICE: Final = re.compile(r"enc:([A-Za-z0-9+/]+={0,2})")
"""What a service in front of the chat has encrypted: a mark, and the base64 of whole blocks."""
_BY_THE_BROWSER: Final = re.compile(r"[A-Za-z0-9+/=]{12}eyIwIjo[A-Za-z0-9+/]+={0,2}")
"""What a browser has encrypted for a room: 12 characters of the room's key, and the base64 of bytes as JSON,
which begins with the first one, `{"0":`."""


def is_ciphertext(text: str) -> bool:
    """Return whether a text is ciphertext of a known form, and surely nothing that a person has typed."""
    found = _BY_THE_SERVICE.fullmatch(text)
    if found is None:
        return _BY_THE_BROWSER.fullmatch(text) is not None
    try:
        length = len(base64.b64decode(found[1], validate=True))
    except ValueError:
        return False
    return length > 0 and length % _BLOCK_BYTES == 0
