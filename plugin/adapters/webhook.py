"""The adapter of the generic signed webhook: Standard Webhooks headers around our own payloads (docs/webhook.md)."""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError
from standardwebhooks import Webhook

from plugin.adapters.base import Adapter, Content, DeniedOpenly, SignedHeaders
from plugin.adapters.ciphertext import WORDS_WANTED, is_ciphertext
from plugin.adapters.headers import DELIVERY_ID, HeaderForm, read_header, read_signing_time, require_valid
from plugin.adapters.payloads import (
    PAYLOADS,
    ConsentWithdrawn,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    OutcomeFields,
    OutcomeGiven,
    ParticipantsKnown,
    SessionEnded,
    WebhookPayload,
)
from plugin.adapters.wanted import wanted_form
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.outcomes import Outcome
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import poison_of, read_json

MIN_SECRET_BYTES: Final = 24
"""The shortest secret that Standard Webhooks allows, in bytes."""
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix that Standard Webhooks gives to secrets, not one of them
_PREFIXES: Final = ("webhook-", "svix-")
"""Of the header names: those of the standard, and those that the libraries of Svix still send."""
_PARTS: Final = ("id", "timestamp", "signature")
_SIGNATURE: Final = HeaderForm(
    re.compile(r"(?:.* )?v1,[A-Za-z0-9+/]{43}=(?: .*)?"),
    "v1, and the base64 of 32 bytes; several are separated by blanks",
)


class StandardWebhook(Adapter[WebhookPayload]):
    """The adapter for any platform whose developers can sign and POST JSON."""

    marks = tuple(prefix + part for prefix in _PREFIXES for part in _PARTS)

    def secret_fault(self, secret: str) -> str:
        """Return what is wrong with a secret: it is `whsec_` and the base64 of 24 random bytes or more."""
        if secret.startswith("v1,"):
            return f"a secret begins with {_SECRET_PREFIX}: take `v1,` off it."
        try:
            length = len(base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True))
        except ValueError:  # binascii.Error, or the ValueError that base64 raises for a character beyond ASCII
            return "a secret is whsec_ and base64."
        return "" if length >= MIN_SECRET_BYTES else f"a secret is at least {MIN_SECRET_BYTES} random bytes."

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Read `webhook-id`, `webhook-timestamp` and `webhook-signature` (standardwebhooks.com), or `svix-` for each.

        The two sets are never mixed: where any header of `webhook-` is sent, the others are not looked at.
        """
        prefix = next(
            (prefix for prefix in _PREFIXES if any(prefix + part in headers for part in _PARTS)), _PREFIXES[0]
        )
        delivery = read_header(headers, f"{prefix}id", DELIVERY_ID)
        signature = read_header(headers, f"{prefix}signature", _SIGNATURE)
        signed_at = read_signing_time(headers, f"{prefix}timestamp", now, tolerance)
        return SignedHeaders(delivery, signed_at, tuple(signature.split(" ")))

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare the signatures as text; the library's own `verify` decodes first, and asks the machine's clock."""
        try:
            body = raw.decode()
        except UnicodeDecodeError:
            raise DeniedOpenly("body", "is not UTF-8", "UTF-8") from None
        assert signed.signed_at is not None  # noqa: S101 - `read_headers` has read it
        at = signed.signed_at
        require_valid(signed.signatures, [Webhook(secret).sign(signed.delivery, at, body) for secret in secrets])

    def parse(self, raw: bytes) -> list[WebhookPayload]:
        """Read the one payload of a body; an unknown type is rejected as UNKNOWN_TYPE, ciphertext as a wrong text."""
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
            payload = PAYLOADS[kind].model_validate(value)
        except ValidationError as error:
            first = poison_of(error)
            raise Poison(first.reason, first.place, wanted_form(first.place)) from None
        if isinstance(payload, MessageSent | MessageEdited) and is_ciphertext(payload.text):
            raise Poison(DeadLetterReason.BAD_SCHEMA, "text", WORDS_WANTED)
        return [payload]

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
            case OutcomeGiven():
                record = outcome_of(payload, tenant, pseudonyms)
            case SessionEnded():
                return []
        return [record]

    def session_end(self, payload: WebhookPayload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the session end of a `session_end` payload; a platform without such payloads relies on idleness."""
        if not isinstance(payload, SessionEnded):
            return None
        conversation = pseudonyms.conversation(payload.conversation_id)
        return SessionEnd(tenant=tenant, conversation_id=conversation, ended_at=payload.ended_at)


def outcome_of(payload: OutcomeFields, tenant: str, pseudonyms: Pseudonyms) -> Outcome:
    """Return an outcome with pseudonyms in place of references; the file import and the API read this form too."""
    return Outcome(
        tenant=tenant,
        conversation_id=pseudonyms.conversation(payload.conversation_id),
        author=pseudonyms.person(payload.author),
        **payload.model_dump(exclude={"type", "conversation_id", "author"}),
    )
