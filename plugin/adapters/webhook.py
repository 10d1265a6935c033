"""The adapter of the generic signed webhook: Standard Webhooks headers around our own payloads (docs/webhook.md)."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from standardwebhooks import Webhook

from plugin.adapters.base import Content
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
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import poison_of, read_json

_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,255}")
_UNIX_SECONDS = re.compile(r"[1-9][0-9]{0,10}")  # up to the year 5138; each time has exactly one spelling


class StandardWebhook:
    """The adapter for any platform whose developers can sign and POST JSON."""

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, tolerance: timedelta
    ) -> str:
        """Check `webhook-id`, `webhook-timestamp` and `webhook-signature` (standardwebhooks.com).

        The signature is compared as text: decoding it first, as the library's own `verify` does, accepts several
        spellings of one signature; the library also takes the time from the machine instead of `now`.
        """
        delivery = headers.get("webhook-id", "")
        stamp = headers.get("webhook-timestamp", "")
        if not _DELIVERY_ID.fullmatch(delivery):
            raise Denied("webhook-id missing or malformed")
        if not _UNIX_SECONDS.fullmatch(stamp):
            raise Denied("webhook-timestamp missing or malformed")
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
        if abs(now - signed_at) > tolerance:
            raise Denied("webhook-timestamp outside the window")
        try:
            body = raw.decode()
        except UnicodeDecodeError:
            raise Denied("body is not UTF-8") from None
        given = [one.encode() for one in headers.get("webhook-signature", "").split(" ")]
        valid = [Webhook(secret).sign(delivery, signed_at, body).encode() for secret in secrets]
        if not any([hmac.compare_digest(one, other) for one in valid for other in given]):  # noqa: C419 - no early end
            raise Denied("no signature holds")
        return delivery

    def parse(self, raw: bytes) -> WebhookPayload:
        """Read one of the payloads; an unknown type is rejected as UNKNOWN_TYPE."""
        value = read_json(raw)
        if not isinstance(value, dict):
            raise Poison(DeadLetterReason.BAD_SCHEMA, "payload")
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in PAYLOADS:
            raise Poison(DeadLetterReason.UNKNOWN_TYPE, "type")
        try:
            return PAYLOADS[kind].model_validate(value)
        except ValidationError as error:
            raise poison_of(error) from None

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
