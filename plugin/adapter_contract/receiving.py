"""What the gateway does with a delivery, in the steps of which the suite speaks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from plugin.adapter_contract.deliveries import NOW, Kind, Platform
from plugin.adapters.base import Lack, PlatformEvent, read_events
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Poison
from stream.contracts.messages import Participants

WINDOW: Final = timedelta(minutes=5)
"""How far the time of a signature may lie from the gateway's clock."""
TENANT: Final = "sample"
PSEUDONYMS: Final = Pseudonyms(b"k" * 32)


def verify(platform: Platform, raw: bytes, headers: Mapping[str, str], *secrets: str) -> str:
    """Verify a delivery as the gateway does, at NOW, and return its id."""
    signed = platform.adapter.read_headers(headers, NOW, WINDOW)
    platform.adapter.verify(raw, signed, secrets or (platform.secret,))
    return signed.delivery


def poison_of(platform: Platform, raw: bytes) -> Poison | None:
    """Return the refusal of a body, or None if it is accepted; any other exception goes on."""
    try:
        platform.adapter.parse(raw)
    except Poison as poison:
        return poison
    return None


def events_of(platform: Platform, raw: bytes, pseudonyms: Pseudonyms = PSEUDONYMS) -> list[PlatformEvent]:
    """Return the records of a body."""
    return read_events(platform.adapter, platform.adapter.parse(raw), TENANT, pseudonyms)


def event_of(platform: Platform, kind: Kind, **given: Any) -> PlatformEvent:
    """Return the record of a kind of delivery; the names that come with some are left out."""
    events = [event for event in events_of(platform, platform.body(kind, **given)) if not is_names(event)]
    assert len(events) == 1, f"{len(events)} records of a delivery of the kind {kind}, beside names"
    return events[0]


def is_names(event: PlatformEvent) -> bool:
    """Whether a record holds the names of people."""
    return isinstance(event, Participants)


def lacking(platform: Platform, lack: Lack) -> bool:
    """Whether a platform does not have something."""
    return lack in platform.adapter.lacks
