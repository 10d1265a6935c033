"""A platform that sends our own webhook, as the contract of adapters uses it: how it signs and what it sends."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from plugin.adapter_contract import HELLO, SENT, Headers, Kind
from plugin.adapters.base import Adapter

Payload = dict[str, Any]


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
    absent: frozenset[Kind] = frozenset({Kind.NOTE, Kind.BOT, Kind.TEMPLATE})
    uncovered: frozenset[str] = frozenset()
    references: tuple[str, ...] = ("user@example.org", "room 17")

    def body(self, kind: Kind, *, text: str = HELLO, number: int = 1, at: datetime = SENT) -> bytes:
        """Return the body of one event; a kind that is no type of its own is a message with other fields."""
        message = self.text_payload(text) | {"message_id": f"m-{number}", "sent_at": at.isoformat()}
        changes: dict[Kind, Payload] = {
            Kind.MESSAGE: {},
            Kind.REPLY: {"role": "counsellor"},
            Kind.UNCONSENTED: {"consent": {}},
            Kind.ATTACHMENT: {"text": ""},
            Kind.NUMBERS: {"message_id": number, "sent_at": int(at.timestamp())},
            Kind.UNKNOWN: {"type": "typing"},
        }
        if kind in changes:
            return raw_of(message | changes[kind])
        changed = {"message_id": f"m-{number}", "text": text} if kind is Kind.EDIT else {}
        return raw_of(dict(self.payloads()[_TYPES[kind]]) | changed)

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
        """Return one valid payload of each of the seven kinds."""
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
            "outcome": room
            | {
                "type": "outcome",
                "outcome_id": "form-1",
                "instrument": "care",
                "score": 41,
                "occasion": "after",
                "given_by": "client",
                "author": "user@example.org",
                "given_at": "2026-03-02T18:01:40Z",
                "consent": consent,
            },
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


_TYPES: Final[Mapping[Kind, str]] = {
    Kind.NAMES: "participants",
    Kind.EDIT: "edit",
    Kind.DELETION: "deletion",
    Kind.WITHDRAWAL: "consent_withdrawal",
    Kind.END: "session_end",
}


def raw_of(payload: Payload) -> bytes:
    """Return a payload as the bytes of a request body."""
    return json.dumps(payload, ensure_ascii=False).encode()
