"""The parts of Chatwoot's payloads that are read, of its webhooks and of its REST API.

A conversation's id is counted for each account, so a conversation is named by its account and its id. Ids of contacts
and of users are counted apart, so a person is named by which of the two they are.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field, StrictBool

from plugin.adapters.vendor import Fields, Moment, VendorId, VendorMessageId, VendorText
from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.vocabulary import DeadLetterReason

INCOMING: Final = ("incoming", 0)
"""A message of the client; webhooks have the word, the REST API has the number."""
OUTGOING: Final = ("outgoing", 1)
"""A message to the client, by a counsellor or by a program."""


def is_talk(value: Mapping[str, Any]) -> bool:
    """Return whether a message is one of a client or a counsellor to the other, by Chatwoot's own flags alone.

    A private note, an activity, a template or a message of a bot, an automation or a campaign is none. It is dropped
    here, before anything else of it is read.

    Raises:
        Poison: The payload does not say whether the message is private, so that nobody may read it.
    """
    if not isinstance(value.get("private"), bool):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "private", "true or false; a Chatwoot without it is too old")
    if value["private"]:
        return False
    if value.get("message_type") in INCOMING:
        return True
    sender = value.get("sender")
    by_a_user = isinstance(sender, dict) and sender.get("type") == "user"
    return value.get("message_type") in OUTGOING and by_a_user and not _is_automatic(value)


def _is_automatic(value: Mapping[str, Any]) -> bool:
    """Whether a program wrote a message in the name of a user."""
    attributes, more = value.get("content_attributes"), value.get("additional_attributes")
    return bool(isinstance(attributes, dict) and attributes.get("automation_rule_id")) or bool(
        isinstance(more, dict) and more.get("campaign_id")
    )


class Sender(Contract):
    """Who sent a message: a contact or a user."""

    id: VendorId
    name: str | None = None
    available_name: str | None = None


class Account(Contract):
    """The account that a webhook belongs to."""

    id: VendorId


class LastMessage(Contract):
    """The last message of a conversation, of which only its account is read."""

    account_id: VendorId | None = None


class Meta(Contract):
    """What a conversation says of its people."""

    sender: Fields = Field(default={})


class Conversation(Contract):
    """A conversation as a message names it."""

    id: VendorId
    inbox_id: VendorId | None = None
    custom_attributes: Fields = Field(default={})
    meta: Meta = Meta()

    @property
    def channels(self) -> tuple[str, ...]:
        """The inbox, which is the channel that a tenant's settings may name."""
        return () if self.inbox_id is None else (self.inbox_id,)

    @property
    def contact_name(self) -> str | None:
        """The name of the client, if the conversation has one."""
        name = self.meta.sender.get("name")
        return name if isinstance(name, str) else None


class MessageSeen(Contract):
    """A message as an event, or the REST API, shows it."""

    event: Literal["message_created", "message_updated"] = "message_created"
    id: VendorMessageId
    content: VendorText = ""
    content_attributes: Fields = Field(default={})
    created_at: Moment
    message_type: Literal["incoming", "outgoing", 0, 1]
    private: StrictBool
    sender: Sender
    conversation: Conversation
    account: Account

    @property
    def is_incoming(self) -> bool:
        """Whether the client sent it."""
        return self.message_type in INCOMING

    @property
    def is_deleted(self) -> bool:
        """Whether it was deleted: Chatwoot keeps it with this flag and other words."""
        return self.content_attributes.get("deleted") is True

    @property
    def reference(self) -> str:
        """The reference of its conversation."""
        return conversation_reference(self.account.id, self.conversation.id)

    @property
    def author(self) -> str:
        """The reference of its author."""
        return f"{'contact' if self.is_incoming else 'user'}/{self.sender.id}"


class ConversationChanged(Contract):
    """A conversation whose status or fields have changed."""

    event: Literal["conversation_status_changed", "conversation_updated"]
    id: VendorId
    inbox_id: VendorId | None = None
    status: str
    custom_attributes: Fields = Field(default={})
    updated_at: Moment | None = None
    timestamp: Moment
    account: Account | None = None
    account_id: VendorId | None = None
    messages: tuple[LastMessage, ...] = ()
    changed_attributes: tuple[Fields, ...] | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The inbox, which is the channel that a tenant's settings may name."""
        return () if self.inbox_id is None else (self.inbox_id,)

    @property
    def reference(self) -> str | None:
        """The reference of the conversation; None for one that has no message, which does not name its account."""
        known = (self.account.id if self.account else None, self.account_id, *(one.account_id for one in self.messages))
        account = next((one for one in known if one), None)
        return None if account is None else conversation_reference(account, self.id)

    @property
    def changed_at(self) -> datetime:
        """When it changed; an older Chatwoot says only when somebody last wrote."""
        return self.updated_at or self.timestamp

    @property
    def attributes_before(self) -> Mapping[str, object] | None:
        """The conversation's own fields before the change; None if they have not changed."""
        for change in self.changed_attributes or ():
            before = change.get("custom_attributes")
            if isinstance(before, dict):
                previous = before.get("previous_value")
                return previous if isinstance(previous, dict) else {}
        return None


def conversation_reference(account: str, conversation: str) -> str:
    """Return the reference of a conversation, such as `1/42`."""
    return f"{account}/{conversation}"
