"""A Matrix homeserver as the contract tests use it: a token in a header, and each event in a transaction."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from plugin.adapter_contract import HELLO, SENT, Headers, Kind
from plugin.adapters.base import Adapter
from plugin.adapters.matrix import Matrix
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.adapters_under_test import Payload, raw_of

ROOM, OTHER_ROOM = "!kWqTzRnVbLmYxCdE:example.org", "!pZsXdCfVgBhNjMkL:example.org"
CLIENT, COUNSELLOR, OWN = "@leonie-b:example.org", "@counsellor-mira:example.org", "@counterpoint:example.org"
END_EVENT = "org.example.session_end"


def settings(**changes: Any) -> TenantSettings:
    """Return the settings of a tenant in whose one room everybody has consented."""
    matrix = {"user": OWN, "counsellors": [r"@counsellor-.*:example\.org"], "end_event": END_EVENT}
    return TenantSettings.model_validate(
        {"platform": "matrix", "consent": {"channels": [ROOM]}, "matrix": matrix | changes.pop("matrix", {})} | changes
    )


def event(kind: str, content: Payload, *, number: int = 1, at: datetime = SENT, **changes: Any) -> Payload:
    """Return an event as Synapse sends it to an Application Service."""
    sent = {"type": kind, "event_id": f"$event-{number}", "room_id": ROOM, "sender": CLIENT, "content": content}
    return sent | {"origin_server_ts": int(at.timestamp() * 1000), "unsigned": {"age": 57}, "age": 57} | changes


def message(text: str = HELLO, *, number: int = 1, at: datetime = SENT, **changes: Any) -> Payload:
    """Return a client's message; `content` replaces its parts, other changes those of the event."""
    content = {"msgtype": "m.text", "body": text} | changes.pop("content", {})
    return event("m.room.message", content, number=number, at=at, **changes)


def replacement(text: str, *, of: int = 1, number: int = 2, at: datetime = SENT, **changes: Any) -> Payload:
    """Return an event that gives message `of` other words."""
    content = {
        "m.new_content": {"msgtype": "m.text", "body": text},
        "m.relates_to": {"rel_type": "m.replace", "event_id": f"$event-{of}"},
    }
    return message(f"* {text}", number=number, at=at, content=content, **changes)


def member(user: str, membership: str, before: str | None = None, **changes: Any) -> Payload:
    """Return a change of a member, with the membership that was before where Synapse says it."""
    unsigned = {} if before is None else {"unsigned": {"prev_content": {"membership": before}}}
    content = {"membership": membership} | changes.pop("content", {})
    return event("m.room.member", content, **{"sender": user, "state_key": user} | unsigned | changes)


def transaction(*events: Payload) -> bytes:
    """Return the body of a transaction."""
    return raw_of({"events": list(events)})


@dataclass
class MatrixPlatform:
    """A homeserver that sends the token of its registration with each transaction, and signs nothing."""

    adapter: Adapter[Any] = field(default_factory=lambda: Matrix(settings()))
    secret: str = "6f1d2b3c4a5e60718293a4b5c6d7e8f9"
    next_secret: str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
    other_secret: str = "ffffffffffffffffffffffffffffffff"
    absent: frozenset[Kind] = frozenset({Kind.NOTE, Kind.NUMBERS})
    uncovered: frozenset[str] = frozenset()
    references: tuple[str, ...] = (ROOM, OTHER_ROOM, CLIENT, COUNSELLOR, OWN)

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the one header of a transaction."""
        del raw, at, delivery
        return {"authorization": f"Bearer {(secrets or (self.secret,))[0]}"}

    def body(self, kind: Kind, *, text: str = HELLO, number: int = 1, at: datetime = SENT) -> bytes:
        """Return a transaction with one event."""
        later, over = at + timedelta(seconds=5), at + timedelta(minutes=30)
        picture = {"msgtype": "m.image", "body": "IMG_2041.jpg", "url": "mxc://example.org/a"}
        name = {"displayname": "Leonie Brandt"}
        kinds: dict[Kind, Payload] = {
            Kind.MESSAGE: message(text, number=number, at=at),
            Kind.REPLY: message(text, number=number, at=at, sender=COUNSELLOR),
            Kind.UNCONSENTED: message(text, number=number, at=at, room_id=OTHER_ROOM),
            Kind.ATTACHMENT: message(number=number, at=at, content=picture),
            Kind.NAMES: member(CLIENT, "join", "invite", number=number, at=at, content=name),
            Kind.EDIT: replacement(text, of=number, number=100, at=later),
            Kind.DELETION: event("m.room.redaction", {"redacts": f"$event-{number}"}, number=101, at=later),
            Kind.WITHDRAWAL: member(OWN, "leave", "join", number=102, at=later, sender=COUNSELLOR),
            Kind.END: event(END_EVENT, {}, number=103, at=over, state_key="", sender=COUNSELLOR),
            Kind.BOT: message(text, number=number, at=at, content={"msgtype": "m.notice"}),
            Kind.TEMPLATE: message(text, number=number, at=at, content={"msgtype": "m.server_notice"}),
            Kind.UNKNOWN: event("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "key": "x"}}),
        }
        return transaction(kinds[kind])
