"""The rule of the random sample, from the settings."""

import base64
import binascii
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import SampleSettings
from stream.sessions.sample import SampleRule

_KEY_BYTES: Final = 32  # as long as the output of SHA-256, with which it hashes


def sample_rule(settings: SampleSettings) -> SampleRule | None:
    """Return the rule by which sessions are sampled; None where no key is set.

    Raises:
        Misconfigured: the key is not base64, or too short. The key itself is never in the message.
    """
    if settings.key is None:
        return None
    try:
        key = base64.b64decode(settings.key.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise Misconfigured("sample.key is not base64.") from None
    if len(key) < _KEY_BYTES:
        raise Misconfigured(f"sample.key has {len(key)} bytes, it needs {_KEY_BYTES}.")
    return SampleRule(settings.share, key)
