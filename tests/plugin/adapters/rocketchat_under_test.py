"""Rocket.Chat Omnichannel as the contract tests use it: a token in a header, and the room around each message."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plugin.adapter_contract import HELLO, SENT, Headers, Kind
from plugin.adapters.base import Adapter
from plugin.adapters.rocketchat import RocketChat
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.adapters_under_test import Payload, raw_of

ROOM, VISITOR, AGENT = "r8Zq2LkJx5TbN4mWd", "vN7cXz3pQsRt6YuKe", "aG5hJk8LmPqWx2ErT"


def settings(**changes: Any) -> TenantSettings:
    """Return the settings of a tenant whose rooms have the custom field `consent`."""
    return TenantSettings.model_validate({"platform": "rocketchat", "consent": {"field": "consent"}} | changes)


def iso(at: datetime) -> str:
    """Return a time as Rocket.Chat writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def room(kind: str = "Message", *lines: Payload, **changes: Any) -> Payload:
    """Return an event about the room."""
    return {
        "type": kind,
        "_id": ROOM,
        "label": "Leonie Brandt",
        "createdAt": iso(SENT),
        "lastMessageAt": iso(SENT),
        "customFields": {"consent": "yes"},
        "visitor": {
            "_id": VISITOR,
            "token": "tok-41b9",
            "name": "Leonie Brandt",
            "username": "guest-12",
            "email": [{"address": "leonie@example.org"}],
            "department": "d-1",
            "customFields": {},
        },
        "agent": {"_id": AGENT, "username": "jonas", "name": "Jonas Weber", "email": "jonas@example.org"},
        "messages": list(lines),
    } | changes


def line(text: str = HELLO, *, number: int = 1, at: datetime = SENT, **changes: Any) -> Payload:
    """Return a visitor's message as an event shows it."""
    written = {"_id": f"m{number}", "username": "guest-12", "msg": text, "ts": iso(at), "rid": ROOM}
    return written | {"_updatedAt": iso(at)} | changes


BY_AGENT: Payload = {"username": "jonas", "agentId": AGENT}


@dataclass
class RocketChatPlatform:
    """A Rocket.Chat that sends its secret token with each request, and signs nothing."""

    adapter: Adapter[Any] = field(default_factory=lambda: RocketChat(settings()))
    secret: str = "9d2f6b1c8e7a4053b6d1f0e9"
    next_secret: str = "0a1b2c3d4e5f60718293a4b5"
    other_secret: str = "ffffffffffffffffffffffff"
    absent: frozenset[Kind] = frozenset({Kind.DELETION, Kind.NOTE})
    uncovered: frozenset[str] = frozenset()
    references: tuple[str, ...] = (ROOM, VISITOR, AGENT, "tok-41b9", "leonie@example.org")

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the one header of a delivery."""
        del raw, at, delivery
        return {"x-rocketchat-livechat-token": (secrets or (self.secret,))[0]}

    def body(self, kind: Kind, *, text: str = HELLO, number: int = 1, at: datetime = SENT) -> bytes:
        """Return the body of one event."""
        later, over = iso(at + timedelta(seconds=5)), iso(at + timedelta(minutes=30))
        picture = {"msg": None, "file": {"name": "a.png"}, "attachments": [{"title": "a.png"}]}
        of_line: dict[Kind, Payload] = {
            Kind.REPLY: BY_AGENT,
            Kind.ATTACHMENT: picture,
            Kind.EDIT: {"editedAt": later},
            Kind.BOT: {"username": "rocket.cat", "agentId": "rocket.cat"},
            Kind.TEMPLATE: BY_AGENT | {"closingMessage": True},
            Kind.NUMBERS: {"_id": number, "ts": int(at.timestamp() * 1000)},
        }
        of_room: dict[Kind, Payload] = {
            Kind.UNCONSENTED: {"customFields": {}},
            Kind.WITHDRAWAL: {"customFields": {"consent": "no"}},
            Kind.END: {"type": "LivechatSession", "closedAt": over, "closer": "user"},
            Kind.UNKNOWN: {"type": "LivechatSessionTaken"},
        }
        said = line(text, number=number, at=at) | of_line.get(kind, {})
        return raw_of(room("Message", said) | of_room.get(kind, {}))
