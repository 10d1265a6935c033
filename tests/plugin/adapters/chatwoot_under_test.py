"""Chatwoot as the contract tests use it: an account's webhook, signed as 4.11.2 and later sign it, or not at all."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from plugin.adapter_contract import HELLO, SENT, Headers, Kind
from plugin.adapters.base import Adapter
from plugin.adapters.chatwoot import Chatwoot
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.adapters_under_test import Payload, raw_of

ACCOUNT, CONVERSATION, INBOX, CONTACT, USER = 3, 4217, 8, 90210, 5577


def settings(**changes: Any) -> TenantSettings:
    """Return the settings of a tenant whose conversations have the field `consent`."""
    return TenantSettings.model_validate({"platform": "chatwoot", "consent": {"field": "consent"}} | changes)


def conversation(**changes: Any) -> Payload:
    """Return a conversation as Chatwoot shows it in its events."""
    return {
        "id": CONVERSATION,
        "inbox_id": INBOX,
        "status": "open",
        "channel": "Channel::WebWidget",
        "can_reply": True,
        "custom_attributes": {"consent": True},
        "meta": {
            "sender": {"id": CONTACT, "name": "Leonie Brandt", "email": "leonie@example.org", "type": "contact"},
            "assignee": {"id": USER, "name": "Jonas Weber", "type": "user"},
        },
        "messages": [{"id": 1, "account_id": ACCOUNT, "content": HELLO, "message_type": 0, "created_at": 1772470800}],
        "labels": [],
        "timestamp": int(SENT.timestamp()),
        "updated_at": SENT.timestamp() + 0.25,
    } | changes


def message(text: str = HELLO, *, number: int = 1, at: datetime = SENT, **changes: Any) -> Payload:
    """Return a client's message as an event shows it."""
    return {
        "event": "message_created",
        "id": number,
        "content": text,
        "content_type": "text",
        "content_attributes": {},
        "additional_attributes": {},
        "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "message_type": "incoming",
        "private": False,
        "source_id": None,
        "sender": {"id": CONTACT, "name": "Leonie Brandt", "email": "leonie@example.org", "avatar": ""},
        "inbox": {"id": INBOX, "name": "Website"},
        "conversation": conversation(),
        "account": {"id": ACCOUNT, "name": "Riverside"},
    } | changes


COUNSELLOR: Payload = {
    "message_type": "outgoing",
    "sender": {"id": USER, "name": "Jonas Weber", "email": "jonas@example.org", "type": "user"},
}
BOT: Payload = {"message_type": "outgoing", "sender": {"id": 2, "name": "Greeter", "type": "agent_bot"}}


@dataclass
class ChatwootPlatform:
    """A Chatwoot that signs `timestamp.body` with the webhook's secret, in hexadecimal digits."""

    adapter: Adapter[Any] = field(default_factory=lambda: Chatwoot(settings()))
    secret: str = "Yw4mLrZJq7c2Bv9TnKx3sDfP"
    next_secret: str = "nB8sQwE2rT5yUiOpAsD4fGhJ"
    other_secret: str = "zXcVbNmLkJhGfDsAqWeRtYuI"
    absent: frozenset[Kind] = frozenset({Kind.EDIT})
    uncovered: frozenset[str] = frozenset({"x-chatwoot-delivery"})
    references: tuple[str, ...] = (str(CONVERSATION), str(CONTACT), str(USER), "leonie@example.org")

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the headers of a delivery; Chatwoot signs with one secret."""
        stamp = str(int(at.timestamp()))
        key = (secrets or (self.secret,))[0].encode()
        return {
            "x-chatwoot-signature": "sha256=" + hmac.new(key, f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest(),
            "x-chatwoot-timestamp": stamp,
            "x-chatwoot-delivery": delivery,
        }

    def body(self, kind: Kind, *, text: str = HELLO, number: int = 1, at: datetime = SENT) -> bytes:
        """Return the body of one event."""
        withdrawn = {"previous_value": {"consent": True}, "current_value": {"consent": False}}
        over = (at + timedelta(minutes=30)).timestamp()
        of_message: dict[Kind, Payload] = {
            Kind.MESSAGE: {},
            Kind.NAMES: {},
            Kind.REPLY: COUNSELLOR,
            Kind.UNCONSENTED: {"conversation": conversation(custom_attributes={})},
            Kind.ATTACHMENT: {"content": None, "attachments": [{"id": 4, "file_type": "image"}]},
            Kind.NUMBERS: {"created_at": int(at.timestamp()), "message_type": 0},
            Kind.DELETION: {"event": "message_updated", "content": "Gone", "content_attributes": {"deleted": True}},
            Kind.NOTE: COUNSELLOR | {"private": True},
            Kind.BOT: BOT,
            Kind.TEMPLATE: {"message_type": "template", "content_type": "input_csat", "sender": None},
        }
        if kind in of_message:
            return raw_of(message(text, number=number, at=at) | of_message[kind])
        of_conversation: dict[Kind, Payload] = {
            Kind.WITHDRAWAL: {
                "event": "conversation_updated",
                "custom_attributes": {"consent": False},
                "changed_attributes": [{"custom_attributes": withdrawn}],
            },
            Kind.END: {"event": "conversation_status_changed", "status": "resolved", "updated_at": over},
            Kind.UNKNOWN: {"event": "conversation_typing_on", "is_private": False},
        }
        return raw_of(conversation() | of_conversation[kind])


@dataclass
class UnsignedChatwootPlatform(ChatwootPlatform):
    """A Chatwoot before 4.11.2, whose webhook's URL carries a secret as its password."""

    adapter: Adapter[Any] = field(default_factory=lambda: Chatwoot(settings(chatwoot={"allow_unsigned": True})))
    uncovered: frozenset[str] = frozenset()

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the header that an HTTP client makes of `https://counterpoint:SECRET@...`, and nothing else."""
        del raw, at, delivery
        password = (secrets or (self.secret,))[0]
        return {"authorization": "Basic " + base64.b64encode(f"counterpoint:{password}".encode()).decode()}
