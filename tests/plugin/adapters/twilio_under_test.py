"""Twilio Conversations as the contract tests use it: webhooks as forms and as JSON, and Event Streams."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from plugin.adapter_contract import HELLO, SENT, Headers, Kind
from plugin.adapters.base import Adapter
from plugin.adapters.twilio import Twilio
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.adapters_under_test import Payload, raw_of

URL = "https://chat.example/v1/riverside/events"
CONVERSATION, SERVICE = "CH" + "a" * 32, "MG" + "b" * 32
CLIENT, COUNSELLOR = "+491701234567", "jonas.weber"
UNTIL_THE_END = timedelta(minutes=30)


def settings(**changes: Any) -> TenantSettings:
    """Return the settings of a tenant on whose service everybody consents before they write."""
    consent = {"channels": [SERVICE], "field": "consent"}
    given = {"platform": "twilio", "consent": consent, "twilio": {"public_url": URL}}
    return TenantSettings.model_validate(given | changes)


def iso(at: datetime) -> str:
    """Return a time as Twilio writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def webhook(event: str, **fields: Any) -> Payload:
    """Return the fields of a webhook."""
    return {
        "EventType": event,
        "AccountSid": "AC" + "0" * 32,
        "ConversationSid": CONVERSATION,
        "MessagingServiceSid": SERVICE,
        "RetryCount": "0",
    } | fields


def form(fields: Payload) -> bytes:
    """Return fields as a form."""
    return urlencode({name: str(value) for name, value in fields.items()}).encode()


def as_json(fields: Payload) -> bytes:
    """Return fields as one JSON object."""
    return raw_of(fields)


CLOUD_TYPES = {
    "onMessageAdded": "message.added",
    "onMessageUpdated": "message.updated",
    "onMessageRemoved": "message.removed",
    "onConversationStateUpdated": "conversation-state.updated",
    "onConversationUpdated": "conversation.updated",
    "onParticipantAdded": "participant.added",
}


def as_events(*several: Payload) -> bytes:
    """Return webhooks as Event Streams sends them: a list of CloudEvents, with another name for the text."""
    return raw_of_list([cloud_event(fields) for fields in several])


def cloud_event(fields: Payload) -> Payload:
    """Return the CloudEvent of a webhook."""
    data = {("MessageBody" if name == "Body" else name): value for name, value in fields.items() if name != "EventType"}
    return {
        "specversion": "1.0",
        "type": f"com.twilio.conversations.{CLOUD_TYPES[fields['EventType']]}",
        "source": "AB" + "1" * 32,
        "id": "NO" + hashlib.md5(raw_of(fields)).hexdigest(),
        "time": iso(SENT),
        "datacontenttype": "application/json",
        "data": data,
    }


def raw_of_list(events: list[Payload]) -> bytes:
    """Return a list as the bytes of a request body."""
    return json.dumps(events, ensure_ascii=False).encode()


@dataclass
class TwilioPlatform:
    """A Twilio that sends webhooks as forms, as its console sets them up."""

    adapter: Adapter[Any] = field(default_factory=lambda: Twilio(settings()))
    secret: str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    next_secret: str = "11223344556677889900aabbccddeeff"
    other_secret: str = "ffeeddccbbaa00998877665544332211"
    absent: frozenset[Kind] = frozenset({Kind.NAMES, Kind.NOTE, Kind.TEMPLATE, Kind.NUMBERS})  # a form has texts alone
    uncovered: frozenset[str] = frozenset({"i-twilio-idempotency-token"})
    references: tuple[str, ...] = (CONVERSATION, CLIENT, COUNSELLOR)
    url: str = URL
    """The address that is entered in the console."""

    def written(self, fields: Payload) -> bytes:
        """Return the fields of a webhook in the way in which this platform writes them."""
        return form(fields)

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the headers of a delivery; Twilio signs with one token, and no time."""
        del at
        key = (secrets or (self.secret,))[0].encode()
        return {
            "x-twilio-signature": base64.b64encode(hmac.new(key, self.signed(raw), hashlib.sha1).digest()).decode(),
            "i-twilio-idempotency-token": delivery,
        }

    def signed(self, raw: bytes) -> bytes:
        """Return what is signed of a form: the URL, and each parameter with its values, once each, in their order."""
        fields = set(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))
        return (self.url + "".join(name + value for name, value in sorted(fields))).encode()

    def body(self, kind: Kind, *, text: str = HELLO, number: int = 1, at: datetime = SENT) -> bytes:
        """Return the body of one event."""
        known = {"MessageSid": f"IM{number:032x}", "Index": number, "Author": CLIENT, "Attributes": "{}"}
        said = webhook("onMessageAdded", **known, Body=text, DateCreated=iso(at), Source="SMS")
        later, over = iso(at + timedelta(seconds=5)), iso(at + UNTIL_THE_END)
        of_message: dict[Kind, Payload] = {
            Kind.MESSAGE: {},
            Kind.REPLY: {"Author": COUNSELLOR, "Source": "SDK"},
            Kind.UNCONSENTED: {"MessagingServiceSid": "MG" + "c" * 32},
            Kind.ATTACHMENT: {"Body": None, "Media": json.dumps([{"Sid": "ME1", "ContentType": "image/png"}])},
            Kind.EDIT: {"EventType": "onMessageUpdated", "DateUpdated": later},
            Kind.DELETION: {"EventType": "onMessageRemoved", "DateRemoved": later},
            Kind.BOT: {"Author": "system", "Source": "API"},
            Kind.NUMBERS: {"DateCreated": int(at.timestamp())},
        }
        if kind in of_message:
            fields = said | of_message[kind]
            return self.written({name: value for name, value in fields.items() if value is not None})
        asked = {"consent": False}
        of_conversation: dict[Kind, Payload] = {
            Kind.WITHDRAWAL: webhook("onConversationUpdated", DateUpdated=later, Attributes=json.dumps(asked)),
            Kind.END: webhook("onConversationStateUpdated", StateTo="closed", StateUpdated=over, Reason="API"),
            Kind.UNKNOWN: webhook("onParticipantAdded", ParticipantSid="MB" + "d" * 32),
        }
        return self.written(of_conversation[kind])


@dataclass
class TwilioJsonPlatform(TwilioPlatform):
    """A Twilio that sends JSON, and so signs the hash of the body as a parameter of the URL."""

    absent: frozenset[Kind] = frozenset({Kind.NAMES, Kind.NOTE, Kind.TEMPLATE})

    def written(self, fields: Payload) -> bytes:
        """Return the fields as one JSON object."""
        return as_json(fields)

    def signed(self, raw: bytes) -> bytes:
        """Return what is signed of JSON: the URL with the SHA-256 of the body."""
        return f"{self.url}?bodySHA256={hashlib.sha256(raw).hexdigest()}".encode()


@dataclass
class TwilioEventsPlatform(TwilioJsonPlatform):
    """A Twilio whose Event Streams sends CloudEvents."""

    def written(self, fields: Payload) -> bytes:
        """Return the fields as a list of one CloudEvent."""
        return as_events(fields)
