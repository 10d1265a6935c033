"""Detection of publicly known secrets: those of a demo, of published documentation, and common placeholder words."""

import base64
import binascii
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

DEMO_SUFFIX: Final = b"demo"
"""The last four bytes of every key that a demo creates, by which it is recognised outside the demo."""
_WORDS: Final = frozenset(
    {"changeme", "change-me", "counterpoint", "default", "demo", "example", "password", "postgres", "secret"}
)
_PUBLISHED: Final = frozenset({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
"""Secrets from published documentation: the example of the Standard Webhooks specification."""


def publicly_known_secrets(settings: BaseModel) -> Iterator[tuple[str, str]]:
    """Yield the place of each setting that holds a publicly known secret, with the reason."""
    for place, secret in _secrets(settings, ""):
        reason = _why_known(secret.get_secret_value())
        if reason is not None:
            yield place, reason


def _secrets(value: object, place: str) -> Iterator[tuple[str, SecretStr]]:
    if isinstance(value, SecretStr):
        yield place, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name), f"{place}.{name}".lstrip("."))
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _secrets(part, f"{place}.{name}")
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _secrets(part, place)


def _why_known(secret: str) -> str | None:
    if "://" in secret:
        secret = _password(secret)
    if secret.lower() in _WORDS:
        return "a common placeholder word"
    if secret in _PUBLISHED:
        return "the example in a specification"
    key = _key(secret.removeprefix("whsec_"))
    if key.endswith(DEMO_SUFFIX):
        return "the key of a demo"
    if key and not any(key):
        return "all zeros"
    return None


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return b""
