"""The parts of Twilio's payloads that are read. Webhooks and Event Streams have the same fields, but for the text."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BeforeValidator, Field

from plugin.adapters.vendor import Moment, VendorId, VendorMessageId, VendorText
from stream.contracts.base import Contract


def _attributes(value: object) -> object:
    """Return the attributes of an object, which Twilio sends as the text of a JSON object."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


Attributes = Annotated[dict[str, Any], BeforeValidator(_attributes)]
Body = Annotated[VendorText, Field(validation_alias=AliasChoices("Body", "MessageBody"))]


class ConversationPayload(Contract):
    """What every payload has."""

    conversation: VendorId = Field(validation_alias="ConversationSid")
    attributes: Attributes = Field(default={}, validation_alias="Attributes")
    messaging_service: str = Field(default="", validation_alias="MessagingServiceSid")
    chat_service: str = Field(default="", validation_alias="ChatServiceSid")

    @property
    def channels(self) -> tuple[str, ...]:
        """The services that the conversation runs through, which a tenant's settings may name as channels."""
        return self.messaging_service, self.chat_service


class MessageAdded(ConversationPayload):
    """A message as it was first sent."""

    message: VendorMessageId = Field(validation_alias="MessageSid")
    author: VendorId = Field(validation_alias="Author")
    body: Body = ""
    created_at: Moment = Field(validation_alias="DateCreated")


class MessageUpdated(ConversationPayload):
    """A message after an edit."""

    message: VendorMessageId = Field(validation_alias="MessageSid")
    author: VendorId = Field(validation_alias="Author")
    body: Body = ""
    updated_at: Moment = Field(validation_alias=AliasChoices("DateUpdated", "time"))


class MessageRemoved(ConversationPayload):
    """A message that was deleted."""

    message: VendorMessageId = Field(validation_alias="MessageSid")
    removed_at: Moment = Field(validation_alias=AliasChoices("DateRemoved", "DateUpdated", "time", "DateCreated"))


class StateUpdated(ConversationPayload):
    """A conversation that became active, inactive or closed."""

    state: str = Field(validation_alias="StateTo")
    updated_at: Moment = Field(validation_alias=AliasChoices("StateUpdated", "time"))


class ConversationUpdated(ConversationPayload):
    """A conversation whose attributes may have changed."""

    updated_at: Moment = Field(validation_alias=AliasChoices("DateUpdated", "time"))


TwilioPayload = MessageAdded | MessageUpdated | MessageRemoved | StateUpdated | ConversationUpdated

WEBHOOKS: Final[Mapping[str, type[TwilioPayload]]] = {
    "onMessageAdded": MessageAdded,
    "onMessageUpdated": MessageUpdated,
    "onMessageRemoved": MessageRemoved,
    "onConversationStateUpdated": StateUpdated,
    "onConversationUpdated": ConversationUpdated,
}
CLOUD_EVENTS: Final[Mapping[str, type[TwilioPayload]]] = {
    "com.twilio.conversations.message.added": MessageAdded,
    "com.twilio.conversations.message.updated": MessageUpdated,
    "com.twilio.conversations.message.removed": MessageRemoved,
    "com.twilio.conversations.conversation-state.updated": StateUpdated,
    "com.twilio.conversations.conversation.updated": ConversationUpdated,
}
