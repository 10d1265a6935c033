"""The adapter of Rocket.Chat Omnichannel (docs/platforms/rocketchat.md).

Its webhooks carry a secret token in a header and no signature: whoever has seen one request can write others.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import Field

from plugin.adapters.base import Adapter, Content, Lack, SignedHeaders
from plugin.adapters.consent import ConsentRule
from plugin.adapters.headers import HeaderForm, read_header, require_valid
from plugin.adapters.vendor import (
    Fields,
    Moment,
    VendorId,
    VendorMessageId,
    VendorText,
    participant,
    read_model,
    read_object,
)
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.messages import ConsentWithdrawal, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.settings import TenantSettings

_TOKEN: Final = HeaderForm(re.compile(r"[\x21-\x7e]{1,255}"), "the secret token of the webhook")
_OWN_BOT: Final = "rocket.cat"
"""The user in whose name Rocket.Chat itself writes."""


class Visitor(Contract):
    """The client of a room."""

    id: VendorId = Field(validation_alias="_id")
    username: str | None = None
    name: str | None = None
    department: str | None = None
    fields: Fields = Field(default={}, validation_alias="customFields")


class Agent(Contract):
    """The counsellor who serves a room."""

    username: str | None = None
    name: str | None = None


class Line(Contract):
    """A message of a room."""

    id: VendorMessageId = Field(validation_alias="_id")
    author: VendorId | None = Field(default=None, validation_alias="agentId")
    """The user who wrote it; None if the client did."""
    text: VendorText = Field(default="", validation_alias="msg")
    sent_at: Moment = Field(validation_alias="ts")
    edited_at: Moment | None = Field(default=None, validation_alias="editedAt")


class Said(Contract):
    """A message and the room in which it was written."""

    room: VendorId = Field(validation_alias="_id")
    visitor: Visitor
    agent: Agent | None = None
    fields: Fields = Field(default={}, validation_alias="customFields")
    line: Line

    @property
    def all_fields(self) -> Mapping[str, object]:
        """The custom fields of the room, and of the visitor where the room has none of the name."""
        return self.visitor.fields | self.fields


class RoomClosed(Contract):
    """A room that was closed. It carries the whole talk again, which is not read."""

    room: VendorId = Field(validation_alias="_id")
    closed_at: Moment = Field(validation_alias="closedAt")


RocketChatPayload = Said | RoomClosed


class RocketChat(Adapter[RocketChatPayload]):
    """The adapter for the webhooks of Rocket.Chat Omnichannel."""

    lacks = frozenset({Lack.SIGNED_BODY, Lack.SIGNED_TIME, Lack.DELETIONS})
    marks = ("x-rocketchat-livechat-token",)
    accepted_status: ClassVar[int] = 200

    def __init__(self, settings: TenantSettings) -> None:
        self._consent = ConsentRule.of(settings.consent)
        self._bots = frozenset({_OWN_BOT, *settings.bots})

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Read `X-RocketChat-Livechat-Token`, the only header that says who sends."""
        del now, tolerance  # no time is sent
        return SignedHeaders("", None, (read_header(headers, self.marks[0], _TOKEN),))

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare the token with the secrets, by their hashes, so that the time does not tell a token's length."""
        del raw  # nothing covers it
        require_valid([_hash(one) for one in signed.signatures], [_hash(secret) for secret in secrets])

    def parse(self, raw: bytes) -> list[RocketChatPayload]:
        """Read the messages of a `Message`, or a closed room; every other event is of no interest."""
        value = read_object(raw)
        event = value.get("type")
        if not isinstance(event, str):
            raise Poison(DeadLetterReason.BAD_SCHEMA, "type", "the type of an Omnichannel event")
        if event == "LivechatSession":  # without `closedAt` it is what the button `Send Test` sends
            return [read_model(RoomClosed, value)] if value.get("closedAt") else []
        lines = value.get("messages")
        if event != "Message" or not isinstance(lines, list):
            return []
        return [read_model(Said, {**value, "line": line}) for line in lines if self._is_talk(line)]

    def normalise(self, payload: RocketChatPayload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a message into a message, with the names that came with it, or an edit; a refusal into a withdrawal."""
        if isinstance(payload, RoomClosed):
            return []
        conversation, line = pseudonyms.conversation(payload.room), payload.line
        at = line.edited_at or line.sent_at
        # A room is one talk and is never opened again, so a refusal can mean no other one.
        if self._consent.is_refused(payload.all_fields, at):
            return [ConsentWithdrawal(tenant=tenant, conversation_id=conversation, withdrawn_at=at)]
        consent = self._consent.of_now(payload.all_fields, (payload.visitor.department or "",), at)
        if line.edited_at is not None:
            edit = Edit(
                tenant=tenant,
                conversation_id=conversation,
                message_id=line.id,
                text=line.text,
                edited_at=line.edited_at,
                consent=consent,
            )
            return [edit]
        author = f"visitor/{payload.visitor.id}" if line.author is None else f"agent/{line.author}"
        message = Message(
            tenant=tenant,
            conversation_id=conversation,
            message_id=line.id,
            role=Role.CLIENT if line.author is None else Role.COUNSELLOR,
            author=pseudonyms.person(author),
            text=line.text,
            sent_at=line.sent_at,
            consent=consent,
        )
        return [*_names(payload, message), message] if consent.processing else [message]

    def session_end(self, payload: RocketChatPayload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the end of the session when its room was closed."""
        if not isinstance(payload, RoomClosed):
            return None
        conversation = pseudonyms.conversation(payload.room)
        return SessionEnd(tenant=tenant, conversation_id=conversation, ended_at=payload.closed_at)

    def _is_talk(self, line: Any) -> bool:
        """Whether a person wrote a message; the notice of a closed room, a visited page or a card of an app is none."""
        if not isinstance(line, dict):
            raise Poison(DeadLetterReason.BAD_SCHEMA, "messages", "a list of objects")
        if line.get("closingMessage") or line.get("navigation") or line.get("blocks"):
            return False
        return not {line.get("agentId"), line.get("username")} & self._bots


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _names(payload: Said, message: Message) -> list[Content]:
    visitor, agent = payload.visitor, payload.agent
    known = (
        *participant(Role.CLIENT, (visitor.name, visitor.username)),
        *(participant(Role.COUNSELLOR, (agent.name, agent.username)) if agent else ()),
    )
    if not known:
        return []
    return [Participants(tenant=message.tenant, conversation_id=message.conversation_id, participants=known)]
