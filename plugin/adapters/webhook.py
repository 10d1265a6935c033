"""The adapter of the generic signed webhook: Standard Webhooks headers around our own payloads (docs/webhook.md)."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from standardwebhooks import Webhook

from plugin.adapters.base import Content, DeniedOpenly, SignedHeaders
from plugin.adapters.payloads import (
    PAYLOADS,
    ConsentWithdrawn,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    ParticipantsKnown,
    SessionEnded,
    WebhookPayload,
)
from plugin.adapters.wanted import wanted_form
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import poison_of, read_json

_PREFIXES = ("webhook-", "svix-")
"""Of the header names: those of the standard, and those that the libraries of Svix still send."""
_PARTS = ("id", "timestamp", "signature")
_FORMS = {
    "id": (re.compile(r"[\x21-\x7e]{1,255}"), "1 to 255 visible ASCII characters"),
    # Up to the year 5138; each time has exactly one spelling.
    "timestamp": (re.compile(r"[1-9][0-9]{0,10}"), "seconds since 1970, in digits alone"),
    "signature": (
        re.compile(r"(?:.* )?v1,[A-Za-z0-9+/]{43}=(?: .*)?"),
        "v1, and the base64 of 32 bytes; several are separated by blanks",
    ),
}


class StandardWebhook:
    """The adapter for any platform whose developers can sign and POST JSON."""

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Read `webhook-id`, `webhook-timestamp` and `webhook-signature` (standardwebhooks.com), or `svix-` for each.

        The two sets are never mixed: where any header of `webhook-` is sent, the others are not looked at.
        """
        prefix = next(
            (prefix for prefix in _PREFIXES if any(prefix + part in headers for part in _PARTS)), _PREFIXES[0]
        )
        delivery, stamp, signature = (_header(headers, prefix + part) for part in _PARTS)
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
        if abs(now - signed_at) > tolerance:
            limit_s = round(tolerance.total_seconds())
            raise DeniedOpenly(f"{prefix}timestamp", "outside the window", f"at most {limit_s} s from our clock")
        return SignedHeaders(delivery, signed_at, tuple(signature.split(" ")))

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare the signature as text.

        Decoding it first, as the library's own `verify` does, accepts several spellings of one signature; the library
        also takes the time from the machine.
        """
        try:
            body = raw.decode()
        except UnicodeDecodeError:
            raise DeniedOpenly("body", "is not UTF-8", "UTF-8") from None
        given = [one.encode() for one in signed.signatures]
        valid = [Webhook(secret).sign(signed.delivery, signed.signed_at, body).encode() for secret in secrets]
        if not any([hmac.compare_digest(one, other) for one in valid for other in given]):  # noqa: C419 - no early end
            raise Denied("no signature holds")

    def parse(self, raw: bytes) -> WebhookPayload:
        """Read one of the payloads; an unknown type is rejected as UNKNOWN_TYPE."""
        try:
            value = read_json(raw)
        except Poison as poison:
            raise Poison(poison.reason, poison.place, wanted_form(poison.place)) from None
        if not isinstance(value, dict):
            raise Poison(DeadLetterReason.BAD_SCHEMA, "payload", wanted_form("payload"))
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in PAYLOADS:
            raise Poison(DeadLetterReason.UNKNOWN_TYPE, "type", wanted_form("type"))
        try:
            return PAYLOADS[kind].model_validate(value)
        except ValidationError as error:
            first = poison_of(error)
            raise Poison(first.reason, first.place, wanted_form(first.place)) from None

    def normalise(self, payload: WebhookPayload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a payload into exactly one record, or none for a session end."""
        conversation = pseudonyms.conversation(payload.conversation_id)
        match payload:
            case MessageSent():
                record: Content = Message(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message_id,
                    role=payload.role,
                    author=pseudonyms.person(payload.author),
                    text=payload.text,
                    sent_at=payload.sent_at,
                    consent=payload.consent,
                    language=payload.language,
                )
            case MessageEdited():
                record = Edit(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message_id,
                    text=payload.text,
                    edited_at=payload.edited_at,
                    consent=payload.consent,
                )
            case MessageDeleted():
                record = Deletion(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message_id,
                    deleted_at=payload.deleted_at,
                )
            case ParticipantsKnown():
                record = Participants(tenant=tenant, conversation_id=conversation, participants=payload.participants)
            case ConsentWithdrawn():
                record = ConsentWithdrawal(
                    tenant=tenant, conversation_id=conversation, withdrawn_at=payload.withdrawn_at
                )
            case SessionEnded():
                return []
        return [record]

    def session_end(self, payload: WebhookPayload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the session end of a `session_end` payload; a platform without such payloads relies on idleness."""
        if not isinstance(payload, SessionEnded):
            return None
        conversation = pseudonyms.conversation(payload.conversation_id)
        return SessionEnd(tenant=tenant, conversation_id=conversation, ended_at=payload.ended_at)


def _header(headers: Mapping[str, str], name: str) -> str:
    form, wanted = _FORMS[name.partition("-")[2]]
    value = headers.get(name, "")
    if not form.fullmatch(value):
        raise DeniedOpenly(name, "malformed" if value else "missing", wanted)
    return value
