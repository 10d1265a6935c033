"""Secrets that everybody knows: those of a demo, of documentation, and the words people put in for now."""

import base64
import binascii
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

DEMO_MARK: Final = b"demo"
"""The last four bytes of every key that a demo makes, so that it is known again anywhere else."""
_WORDS: Final = frozenset(
    {"changeme", "change-me", "counterpoint", "default", "demo", "example", "password", "postgres", "secret"}
)
_PUBLISHED: Final = frozenset({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
"""Standard Webhooks' own example."""


def known(settings: BaseModel) -> Iterator[tuple[str, str]]:
    """The places of the settings' secrets that everybody knows, each with what it is."""
    for place, secret in _secrets(settings, ""):
        what = _what(secret.get_secret_value())
        if what is not None:
            yield place, what


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


def _what(secret: str) -> str | None:
    if "://" in secret:
        secret = _password(secret)
    if secret.lower() in _WORDS:
        return "a word that anybody tries first"
    if secret in _PUBLISHED:
        return "the example of a specification"
    key = _key(secret.removeprefix("whsec_"))
    if key.endswith(DEMO_MARK):
        return "a demo's"
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
