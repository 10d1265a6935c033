"""The adapter of Twilio Conversations: its webhooks, and its events by Event Streams (docs/platforms/twilio.md).

Both carry the same signature. A webhook is a form, or one JSON object; Event Streams sends a JSON list of CloudEvents.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from plugin.adapters.base import Adapter, Content, Lack, SignedHeaders
from plugin.adapters.consent import ConsentRule
from plugin.adapters.headers import DELIVERY_ID, HeaderForm, read_header, require_valid
from plugin.adapters.twilio_payloads import (
    CLOUD_EVENTS,
    WEBHOOKS,
    ConversationUpdated,
    MessageAdded,
    MessageRemoved,
    MessageUpdated,
    StateUpdated,
    TwilioPayload,
)
from plugin.adapters.vendor import read_model
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Misconfigured, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.codec import read_json
from stream.runtime.settings import TenantSettings

MAX_FIELDS: Final = 100
"""Of a form: a webhook of Conversations has about twenty."""
_SIGNATURE: Final = HeaderForm(re.compile(r"[A-Za-z0-9+/]{27}="), "the base64 of 20 bytes")
_PROGRAM: Final = "system"
"""The author of what was written over Twilio's REST API without naming one."""
_OVER: Final = frozenset({"inactive", "closed"})
"""States in which nobody talks; an inactive conversation becomes active again with the next message."""
_PORTS: Final = {"https": 443, "http": 80}


class Twilio(Adapter[TwilioPayload]):
    """The adapter for Twilio Conversations. Twilio signs the URL that it calls, so that it must be known."""

    lacks = frozenset({Lack.SIGNED_TIME, Lack.NAMES})
    marks = ("x-twilio-signature",)

    def __init__(self, settings: TenantSettings) -> None:
        if not settings.twilio.public_url:
            raise Misconfigured(
                "twilio.public_url is not set: Twilio signs the URL that it calls, so it must be the one in its"
                " console, such as https://chat.example/v1/riverside/events."
            )
        self._urls = spellings(settings.twilio.public_url)
        self._clients = settings.twilio.clients
        self._bots = frozenset({_PROGRAM, *settings.bots})
        self._consent = ConsentRule.of(settings.consent)

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Read `X-Twilio-Signature`, and the token that is the same on each retry where there is one."""
        del now, tolerance  # no time is signed
        name = "i-twilio-idempotency-token"
        delivery = read_header(headers, name, DELIVERY_ID) if name in headers else ""
        return SignedHeaders(delivery, None, (read_header(headers, self.marks[0], _SIGNATURE),))

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare the HMAC-SHA1 over the URL and the body's parameters, or over the URL with the hash of the body."""
        signed_texts = [_signed_text(url, raw) for url in self._urls]
        require_valid(signed.signatures, [signature(secret, text) for secret in secrets for text in signed_texts])

    def parse(self, raw: bytes) -> list[TwilioPayload]:
        """Read a webhook, or the CloudEvents of a list; what is about neither message nor state is of no interest."""
        if not _is_json(raw):
            return _webhook(_form(raw))
        value = read_json(raw)
        if not isinstance(value, list):
            return _webhook(value)
        return [payload for event in value for payload in _cloud_event(event)]

    def normalise(self, payload: TwilioPayload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a payload into its record; what a program wrote is dropped."""
        conversation = pseudonyms.conversation(payload.conversation)
        match payload:
            case MessageAdded() if payload.author not in self._bots:
                record: Content = Message(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message,
                    role=Role.CLIENT if payload.author.startswith(self._clients) else Role.COUNSELLOR,
                    author=pseudonyms.person(payload.author),
                    text=payload.body,
                    sent_at=payload.created_at,
                    consent=self._consent.of_now(payload.attributes, payload.channels, payload.created_at),
                )
            case MessageUpdated() if payload.author not in self._bots:
                record = Edit(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message,
                    text=payload.body,
                    edited_at=payload.updated_at,
                    consent=self._consent.of_now(payload.attributes, payload.channels, payload.updated_at),
                )
            case MessageRemoved():
                record = Deletion(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message,
                    deleted_at=payload.removed_at,
                )
            case ConversationUpdated() if self._consent.is_refused(payload.attributes, payload.updated_at):
                record = ConsentWithdrawal(tenant=tenant, conversation_id=conversation, withdrawn_at=payload.updated_at)
            case _:
                return []
        return [record]

    def session_end(self, payload: TwilioPayload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the end of the session when the conversation became inactive or closed."""
        if not isinstance(payload, StateUpdated) or payload.state not in _OVER:
            return None
        conversation = pseudonyms.conversation(payload.conversation)
        return SessionEnd(tenant=tenant, conversation_id=conversation, ended_at=payload.updated_at)


def signature(token: str, text: str) -> str:
    """Return Twilio's signature of a text: the base64 of HMAC-SHA1."""
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def spellings(url: str) -> tuple[str, ...]:
    """Return the spellings of a URL that Twilio may sign: as it is set, and without or with its port."""
    parts = urlsplit(url)
    host, _, port = parts.netloc.partition(":")
    other = host if port else f"{host}:{_PORTS[parts.scheme]}"
    return url, parts._replace(netloc=other).geturl()


def _signed_text(url: str, raw: bytes) -> str:
    if _is_json(raw):
        joint = "&" if urlsplit(url).query else "?"
        return f"{url}{joint}bodySHA256={hashlib.sha256(raw).hexdigest()}"
    values: dict[str, set[str]] = {}
    for name, value in _form_fields(raw):
        values.setdefault(name, set()).add(value)
    return url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))


def _is_json(raw: bytes) -> bool:
    """Whether a body is JSON; the first character of a form is never one of these."""
    return raw[:1] in {b"{", b"["}


def _form_fields(raw: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form; none where it is no form, so that its signature does not hold."""
    try:
        return parse_qsl(
            raw.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:  # of which a wrong encoding is one
        return []


def _form(raw: bytes) -> dict[str, str]:
    fields = _form_fields(raw)
    if not fields or len(fields) != len(dict(fields)):
        raise Poison(DeadLetterReason.BAD_JSON, "value", "a form in UTF-8 with each field once")
    return dict(fields)


def _webhook(value: object) -> list[TwilioPayload]:
    if not isinstance(value, dict) or not isinstance(value.get("EventType"), str):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "EventType", "the name of an event of Twilio Conversations")
    model = WEBHOOKS.get(value["EventType"])
    return [] if model is None else [read_model(model, value)]


def _cloud_event(event: object) -> list[TwilioPayload]:
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "type", "the type of a CloudEvent")
    model = CLOUD_EVENTS.get(event["type"])
    if model is None:
        return []
    data = event.get("data")
    if not isinstance(data, dict):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "data", "the data of a CloudEvent")
    return [read_model(model, {"time": event.get("time")} | data)]
