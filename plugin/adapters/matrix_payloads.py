"""The parts of a Matrix homeserver's events that are read, and what of a message is a person's own words."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from plugin.adapters.vendor import Fields, Moment, VendorId, VendorMessageId, VendorText, read_model, read_object
from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.vocabulary import DeadLetterReason

SPOKEN: Final = ("m.text", "m.emote")
FILES: Final = ("m.audio", "m.file", "m.image", "m.location", "m.video")
"""Attachments. A message of any other kind is none of a person to another: `m.notice` is a program's by definition."""

# What clients put before a reply until Matrix 1.13: the quoted lines, of which the first names who wrote them.
_QUOTATION: Final = re.compile(r"> (?:\* )?<@[^>\n]+>[^\n]*\n(?:>[^\n]*\n)*\n?")


class RoomEvent(Contract):
    """What every event has. `event` names it, and is the id of a message that it carries."""

    event: VendorMessageId = Field(validation_alias="event_id")
    room: VendorId = Field(validation_alias="room_id")
    sender: VendorId
    at: Moment = Field(validation_alias="origin_server_ts")


class Said(RoomEvent):
    """A message as it was first sent."""

    text: VendorText
    content: Fields = Field(default={})


class Rewritten(RoomEvent):
    """New words for an earlier message. Nobody has made sure that it is the sender's own."""

    message: VendorMessageId
    text: VendorText
    content: Fields = Field(default={})


class Redacted(RoomEvent):
    """A message that was taken away."""

    message: VendorMessageId


class MemberChanged(RoomEvent):
    """Somebody who came, left, was removed, or has another name."""

    user: VendorId = Field(validation_alias="state_key")
    membership: str
    name: str | None = None
    before: str | None = None
    """The membership before; a transaction that is sent again after the homeserver's restart does not say it."""

    @property
    def has_joined(self) -> bool:
        """Whether the user is in the room from now on, or still is."""
        return self.membership == "join"

    @property
    def has_gone(self) -> bool:
        """Whether the user was in the room and is no longer; who declines an invitation never was."""
        return self.membership in {"leave", "ban"} and self.before in {"join", None}


class Ended(RoomEvent):
    """The platform's own word that a session is over."""


class Encrypted(RoomEvent):
    """A message that is encrypted end to end, or the notice that a room is from now on."""


MatrixPayload = Said | Rewritten | Redacted | MemberChanged | Ended | Encrypted


def read_transaction(raw: bytes) -> Sequence[object]:
    """Return the events of a transaction, in their order.

    Raises:
        Poison: The body is no transaction.
    """
    events = read_object(raw).get("events")
    if not isinstance(events, list):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "events", "a list of events")
    return events


def read_event(event: object, end_event: str = "") -> MatrixPayload | None:
    """Read one event of a transaction; None for one that nobody needs. `end_event` is the type that ends a session.

    Raises:
        Poison: It is not what a homeserver sends, or holds what no record can: a NUL, or more text than there may be.
    """
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "type", "the type of an event")
    if end_event and event["type"] == end_event and "state_key" in event:
        return read_model(Ended, event)
    reader = _READERS.get(event["type"])
    return None if reader is None else reader(event, _mapping(event.get("content")))


def _read_message(event: Mapping[str, Any], content: Mapping[str, Any]) -> MatrixPayload | None:
    relation = _mapping(content.get("m.relates_to"))
    if relation.get("rel_type") == "m.replace":
        text = own_words(_mapping(content.get("m.new_content")))
        changed = {"message": relation.get("event_id"), "text": text}
        return None if text is None else read_model(Rewritten, {**event, **changed})
    text = own_words(content)
    return None if text is None else read_model(Said, {**event, "text": text})


def own_words(content: Mapping[str, Any]) -> object:
    """Return the words of a message's content; empty for an attachment without a caption, None for what is no talk.

    A message that was taken away before it was delivered has no content, and is no talk.
    """
    kind, body = content.get("msgtype"), content.get("body")
    if kind in FILES:
        # A caption is a body that is not the file's own name, which newer clients then give apart.
        return body if content.get("filename", body) != body else ""
    if kind not in SPOKEN:
        return None
    if isinstance(body, str) and "m.in_reply_to" in _mapping(content.get("m.relates_to")):
        quoted = _QUOTATION.match(body)
        return body[quoted.end() :] if quoted else body
    return body


def _read_redaction(event: Mapping[str, Any], content: Mapping[str, Any]) -> MatrixPayload:
    """Read which message was taken away; from room version 11 on the content says it."""
    return read_model(Redacted, {**event, "message": content.get("redacts", event.get("redacts"))})


def _read_member(event: Mapping[str, Any], content: Mapping[str, Any]) -> MatrixPayload:
    name = content.get("displayname")
    before = _mapping(_mapping(event.get("unsigned")).get("prev_content")).get("membership")
    known = {"membership": content.get("membership"), "name": name if isinstance(name, str) else None}
    return read_model(MemberChanged, {**event, **known, "before": before})


def _read_encrypted(event: Mapping[str, Any], _content: Mapping[str, Any]) -> MatrixPayload:
    return read_model(Encrypted, event)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], MatrixPayload | None]]] = {
    "m.room.message": _read_message,
    "m.room.redaction": _read_redaction,
    "m.room.member": _read_member,
    "m.room.encrypted": _read_encrypted,
    "m.room.encryption": _read_encrypted,
}
