"""One bench an adapter: how its platform signs and what it sends, written down without the adapter's own code."""

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


class Bench(Protocol):
    """What the contract suite needs to know of a platform."""

    adapter: Adapter[Any]
    secret: str
    next_secret: str
    other_secret: str

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Headers of a delivery of `raw`, as the platform makes them at a time with one secret or several."""

    def payloads(self) -> Mapping[str, Payload]:
        """One valid payload of each kind, with every field; "message" is among them."""

    def text_payload(self, text: str) -> Payload:
        """A message with these words."""


def _secret(fill: bytes) -> str:
    return "whsec_" + base64.b64encode(fill * 32).decode()


@dataclass
class StandardWebhookBench:
    """Standard Webhooks by its specification: `v1,` + base64 of HMAC-SHA256 over `id.timestamp.body`."""

    adapter: Adapter[Any]
    secret: str = _secret(b"a")
    next_secret: str = _secret(b"b")
    other_secret: str = _secret(b"c")

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Headers by hand."""
        stamp = str(int(at.timestamp()))
        signatures = []
        for secret in secrets or (self.secret,):
            key = base64.b64decode(secret.removeprefix("whsec_"))
            digest = hmac.new(key, f"{delivery}.{stamp}.".encode() + raw, hashlib.sha256).digest()
            signatures.append("v1," + base64.b64encode(digest).decode())
        return {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}

    def payloads(self) -> Mapping[str, Payload]:
        """The six kinds."""
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
            "session_end": room | {"type": "session_end", "ended_at": "2026-03-02T18:03:00Z"},
        }

    def text_payload(self, text: str) -> Payload:
        """A client's message."""
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


BENCHES: tuple[Bench, ...] = (StandardWebhookBench(StandardWebhook()),)
"""Every adapter. A new one adds its bench here and has the whole suite."""


def raw_of(payload: Payload) -> bytes:
    """A payload as bytes on the wire."""
    return json.dumps(payload, ensure_ascii=False).encode()
