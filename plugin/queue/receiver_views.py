"""The plain values of stored receivers, and what may be their names; pure functions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import WebhookReceiverSettings

MAX_RECEIVERS: Final = 50
"""Receivers that are not removed: each may hold a thread of the process that sends, and no service has so many."""
MAX_URL: Final = 500
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
NAME_FORM: Final = "1 to 40 small letters, digits and hyphens, with no hyphen at either end"


class ReceiverKind(StrEnum):
    """What a stored receiver gets; the values are stored."""

    RELEASES = "releases"
    """That something was released, or is released no more."""
    DIGESTS = "digests"
    """The digests of the people who choose it by its name."""


class ReceiverState(StrEnum):
    """Whether a stored receiver gets anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    """Nothing is sent, and no release is told; ends of what it was told wait for it."""


@dataclass(frozen=True)
class ReceiverEntry:
    """A stored receiver as an operator sees it; its secret is shown to nobody again."""

    receiver_id: UUID
    name: str
    url: str
    kinds: tuple[ReceiverKind, ...]
    tenant: str | None
    """The platform of whose releases it is told; None for every platform."""
    state: ReceiverState
    added_at: datetime
    previous_until: datetime | None
    """Until when the secret before the last rotation signs too; None if none does."""
    waiting: int
    failed: int
    """Notices of releases that were given up, and may be replayed."""
    oldest_waiting: datetime | None


def kinds_of(names: Iterable[str]) -> frozenset[ReceiverKind]:
    """Return what a receiver gets, by its names.

    Raises:
        Misconfigured: one of them is none.
    """
    try:
        return frozenset(map(ReceiverKind, names))
    except ValueError:
        raise Misconfigured(f"A receiver gets {' or '.join(ReceiverKind)}.") from None


def checked_name(name: str) -> str:
    """Return the name of a receiver.

    Raises:
        Misconfigured: it is none.
    """
    if _NAME.fullmatch(name) is None:
        raise Misconfigured(f"A receiver\u2019s name has {NAME_FORM}.")
    return name


def checked_url(url: str) -> str:
    """Return the address of a receiver, by the rules of one in the settings.

    Raises:
        Misconfigured: it is no address, or not one of https, or of http on loopback.
    """
    try:
        read = WebhookReceiverSettings(url=url).url
    except ValidationError:
        read = ""
    if not read or len(read) > MAX_URL:
        raise Misconfigured("A receiver\u2019s address is https://host/path, without a user, a query or a fragment.")
    return read
