"""One platform per adapter: how it signs and what it sends, written without the adapter's own code."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from plugin.adapters.base import Adapter
from plugin.adapters.webhook import StandardWebhook

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)

Headers = dict[str, str]
Payload = dict[str, Any]


class Platform(Protocol):
    """A platform as the contract tests use it."""

    adapter: Adapter[Any]
    secret: str
    next_secret: str
    other_secret: str

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the headers of a delivery of `raw`, signed at the given time with one secret or several."""

    def payloads(self) -> Mapping[str, Payload]:
        """Return one valid payload of each kind, with every field; "message" is among them."""

    def text_payload(self, text: str) -> Payload:
        """Return a message with the given text."""


def signing_secret(fill: bytes) -> str:
    """Return a secret as Standard Webhooks writes it, of 32 equal bytes."""
    return "whsec_" + base64.b64encode(fill * 32).decode()


@dataclass
class StandardWebhookPlatform:
    """A platform that signs by the specification: `v1,` + base64 of HMAC-SHA256 over `id.timestamp.body`."""

    adapter: Adapter[Any]
    secret: str = signing_secret(b"a")
    next_secret: str = signing_secret(b"b")
    other_secret: str = signing_secret(b"c")

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the headers under the names of the standard, computed without the library."""
        stamp = str(int(at.timestamp()))
        signatures = []
        for secret in secrets or (self.secret,):
            key = base64.b64decode(secret.removeprefix("whsec_"))
            digest = hmac.new(key, f"{delivery}.{stamp}.".encode() + raw, hashlib.sha256).digest()
            signatures.append("v1," + base64.b64encode(digest).decode())
        return {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}

    def payloads(self) -> Mapping[str, Payload]:
        """Return one valid payload of each of the six kinds."""
        room = {"conversation_id": "room 17 / Ünïcode"}
        consent = {"processing": True, "secondary_use": False}
        return {
            "message": self.text_payload("I don't see the point of this. 💬"),
            "edit": room
            | {
                "type": "edit",
                "message_id": "m-1",
                "text": "new words",
                "edited_at": "2026-03-02T18:00:05+01:00",
                "consent": consent,
            },
            "deletion": room | {"type": "deletion", "message_id": "m-1", "deleted_at": "2026-03-02T18:01:00Z"},
            "participants": room
            | {"type": "participants", "participants": [{"role": "client", "names": ["Leonie", "leo_87"]}]},
            "consent_withdrawal": room | {"type": "consent_withdrawal", "withdrawn_at": "2026-03-02T18:02:00Z"},
            "session_end": room | {"type": "session_end", "ended_at": "2026-03-02T18:01:30Z"},
        }

    def text_payload(self, text: str) -> Payload:
        """Return a client's message with the given text."""
        return {
            "type": "message",
            "conversation_id": "room 17 / Ünïcode",
            "message_id": "m-1",
            "role": "client",
            "author": "user@example.org",
            "text": text,
            "sent_at": "2026-03-02T18:00:00+01:00",
            "consent": {"processing": True, "secondary_use": False},
            "language": "en-GB",
        }


PLATFORMS: tuple[Platform, ...] = (StandardWebhookPlatform(StandardWebhook()),)
"""The platforms of all adapters; a new adapter adds its platform here and is tested by the whole suite."""


def raw_of(payload: Payload) -> bytes:
    """Return a payload as the bytes of a request body."""
    return json.dumps(payload, ensure_ascii=False).encode()
