"""The adapter of Chatwoot: the webhooks of an account or of an API inbox (docs/platforms/chatwoot.md).

Deliveries are signed since Chatwoot 4.11.2. An older server signs nothing: it is taken only where the settings allow
it, and then by the password in the webhook's URL alone.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from plugin.adapters.base import Adapter, Content, Lack, SignedHeaders
from plugin.adapters.chatwoot_payloads import ConversationChanged, MessageSeen, is_talk
from plugin.adapters.consent import ConsentRule
from plugin.adapters.headers import DELIVERY_ID, HeaderForm, read_header, read_signing_time, require_valid
from plugin.adapters.vendor import participant, read_model, read_object
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Message, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.settings import TenantSettings

ChatwootPayload = MessageSeen | ConversationChanged

_SIGNATURE: Final = HeaderForm(re.compile(r"sha256=[0-9a-f]{64}"), "sha256= and 64 hexadecimal digits")
_BASIC: Final = HeaderForm(re.compile(r"Basic [A-Za-z0-9+/]{1,1000}={0,2}"), "Basic and a base64 text")
URL_USER: Final = "counterpoint"
"""The user in the URL of an unsigned webhook."""
_MESSAGES: Final = frozenset({"message_created", "message_updated"})
_CONVERSATIONS: Final = frozenset({"conversation_status_changed", "conversation_updated"})


class Chatwoot(Adapter[ChatwootPayload]):
    """The adapter for Chatwoot, from 4.11.2 on; earlier ones where `allow_unsigned` is set."""

    def __init__(self, settings: TenantSettings) -> None:
        self.consent = ConsentRule.of(settings.consent)
        self._allow_unsigned = settings.chatwoot.allow_unsigned
        self._bots = frozenset(settings.bots)
        self.lacks = frozenset({Lack.EDITS}) | (
            frozenset({Lack.SIGNED_BODY, Lack.SIGNED_TIME}) if self._allow_unsigned else frozenset()
        )
        unsigned = ("authorization",) if self._allow_unsigned else ()
        self.marks = ("x-chatwoot-signature", "x-chatwoot-timestamp", *unsigned)

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Read `X-Chatwoot-Signature` and `X-Chatwoot-Timestamp`, and the delivery's id where there is one.

        Without any signature, and only where that is allowed, `Authorization` takes its place.
        """
        delivery = read_header(headers, "x-chatwoot-delivery", DELIVERY_ID) if "x-chatwoot-delivery" in headers else ""
        if self._allow_unsigned and "x-chatwoot-signature" not in headers:
            return SignedHeaders(delivery, None, (read_header(headers, "authorization", _BASIC),))
        signature = read_header(headers, "x-chatwoot-signature", _SIGNATURE)
        signed_at = read_signing_time(headers, "x-chatwoot-timestamp", now, tolerance)
        return SignedHeaders(delivery, signed_at, (signature,))

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare the HMAC-SHA256 over `timestamp.body`; of an unsigned delivery the password of its URL."""
        if signed.signed_at is None:
            if not self._allow_unsigned:
                raise Denied("no signature holds")
            require_valid(signed.signatures, [_authorization(secret) for secret in secrets])
            return
        message = f"{int(signed.signed_at.timestamp())}.".encode() + raw
        require_valid(
            signed.signatures,
            [f"sha256={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}" for secret in secrets],
        )

    def parse(self, raw: bytes) -> list[ChatwootPayload]:
        """Read a message or a change of a conversation; what is neither, or is no talk, is of no interest."""
        value = read_object(raw)
        event = value.get("event")
        if not isinstance(event, str):
            raise Poison(DeadLetterReason.BAD_SCHEMA, "event", "the name of a Chatwoot event")
        if event in _MESSAGES:
            return [read_model(MessageSeen, value)] if is_talk(value) else []
        if event in _CONVERSATIONS:
            return [read_model(ConversationChanged, value)]
        return []

    def normalise(self, payload: ChatwootPayload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a message into a message with the names that came with it, and a refused consent into a withdrawal."""
        if isinstance(payload, ConversationChanged):
            return self._withdrawal(payload, tenant, pseudonyms)
        if payload.is_deleted:
            return [self.deletion(payload, tenant, pseudonyms)]
        if payload.event == "message_updated" or self.is_bot(payload):
            return []  # an update is a receipt or a translation: the words are those that were sent
        channels = payload.conversation.channels
        consent = self.consent.of_now(payload.conversation.custom_attributes, channels, payload.created_at)
        message = self.message(payload, tenant, pseudonyms).model_copy(update={"consent": consent})
        return [message] if not consent.processing else [*self.names(payload, message), message]

    def session_end(self, payload: ChatwootPayload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the end of the session when the conversation was resolved; the next message reopens it."""
        if not isinstance(payload, ConversationChanged) or payload.event != "conversation_status_changed":
            return None
        reference = payload.reference
        if payload.status != "resolved" or reference is None:
            return None
        return SessionEnd(
            tenant=tenant, conversation_id=pseudonyms.conversation(reference), ended_at=payload.changed_at
        )

    def is_bot(self, payload: MessageSeen) -> bool:
        """Return whether the settings call the author of a message a program."""
        return payload.author in self._bots

    def message(self, payload: MessageSeen, tenant: str, pseudonyms: Pseudonyms) -> Message:
        """Return the message of a payload without consent, which its callers know."""
        return Message(
            tenant=tenant,
            conversation_id=pseudonyms.conversation(payload.reference),
            message_id=payload.id,
            role=Role.CLIENT if payload.is_incoming else Role.COUNSELLOR,
            author=pseudonyms.person(payload.author),
            text=payload.content,
            sent_at=payload.created_at,
        )

    def deletion(self, payload: MessageSeen, tenant: str, pseudonyms: Pseudonyms) -> Deletion:
        """Return the deletion of a payload's message; Chatwoot does not say when, so its message's time must do."""
        return Deletion(
            tenant=tenant,
            conversation_id=pseudonyms.conversation(payload.reference),
            message_id=payload.id,
            deleted_at=payload.created_at,
        )

    def names(self, payload: MessageSeen, message: Message) -> list[Content]:
        """Return the names that came with a message, as a list of one event or none."""
        sender = payload.sender
        assert sender is not None  # noqa: S101 - `is_talk` asks for one
        contact = payload.conversation.contact_name
        known = (
            *participant(Role.CLIENT, (contact, sender.name if payload.is_incoming else None)),
            *(() if payload.is_incoming else participant(Role.COUNSELLOR, (sender.name, sender.available_name))),
        )
        if not known:
            return []
        return [Participants(tenant=message.tenant, conversation_id=message.conversation_id, participants=known)]

    def _withdrawal(self, payload: ConversationChanged, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        reference, at = payload.reference, payload.changed_at
        before, after = payload.attributes_before, payload.custom_attributes
        if before is None or reference is None:
            return []
        was, now = (self.consent.of_now(fields, payload.channels, at).processing for fields in (before, after))
        if now or not was:
            return []
        conversation = pseudonyms.conversation(reference)
        return [ConsentWithdrawal(tenant=tenant, conversation_id=conversation, withdrawn_at=at)]


def _authorization(secret: str) -> str:
    """Return the header that a client makes of a URL with our user and a secret as its password."""
    return f"Basic {base64.b64encode(f'{URL_USER}:{secret}'.encode()).decode()}"
