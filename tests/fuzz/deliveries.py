"""Random deliveries to the gateway as working platforms, broken platforms and forgers send them.

Each has its expected outcome: `PUBLISHED`, `NO_CONSENT`, `REPEATED`, or the status and reason of its refusal.
All texts are generated.
"""

import base64
import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plugin.adapters.webhook import StandardWebhook
from tests.fuzz.asgi import RawRequest
from tests.fuzz.broken import BROKEN_BODIES, BROKEN_PAYLOADS
from tests.plugin.adapters.adapters_under_test import StandardWebhookPlatform, signing_secret

TENANT = "sample"
PUBLISHED, NO_CONSENT, REPEATED, HUNG_UP = "published", "no_consent", "repeated", "hung up"
AT_ONCE = 60
"""How many conversations are open at the same time."""
LENGTH = 60
"""The average number of deliveries of a conversation."""
WORDS = (
    "no i will not", "say more", "it is what it is", "i don't see the point of this", "how was the week",
    "\u202ereversed\u202c", "e\u0301\u0301\u0301", "\U0001f4ac", "\u200b", "' OR 1=1 --",
    "<script>", "{{7*7}}", "%s%n", "a" * 4_000,
)  # fmt: skip


PLATFORM = StandardWebhookPlatform(StandardWebhook())
SECRET = PLATFORM.secret


@dataclass
class Delivery:
    """A request and the outcome that it must have."""

    kind: str
    request: RawRequest
    expected: str
    room: str = ""


@dataclass
class _OpenConversation:
    name: str
    left: int
    messages: int = 0


@dataclass
class Deliveries:
    """An endless source of deliveries; the same seed gives the same deliveries, except for their times."""

    seed: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _rooms: list[_OpenConversation] = field(default_factory=list)
    _sent: list[tuple[bytes, str, str, str]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def next(self) -> Delivery:
        """Return the next delivery."""
        self._count += 1
        if self._sent and self.chance.random() < 0.08:
            return self._again()
        if self.chance.random() < 0.25:
            return self._broken()
        room = self._room()
        kind, payload = self._payload(room)
        given = payload.get("consent", {"processing": True})
        expected = PUBLISHED if given.get("processing") is True else NO_CONSENT
        return self._signed(
            kind, json.dumps(payload, ensure_ascii=self.chance.random() < 0.5).encode(), expected, room.name
        )

    def _room(self) -> _OpenConversation:
        self._rooms = [room for room in self._rooms if room.left > 0]
        while len(self._rooms) < AT_ONCE:
            name = f"room-{self.seed}-{self._count}-{len(self._rooms)}"
            self._rooms.append(_OpenConversation(name, self.chance.randint(1, 2 * LENGTH)))
        room = self.chance.choice(self._rooms)
        room.left -= 1
        return room

    def _time(self) -> str:
        lag = self.chance.choice((0, 0, 0, 0, 0.5, 2, 5, 20, -1, -60, 3_600, 100_000, 50 * 365 * 86_400))
        at = self.now() - timedelta(seconds=lag)
        return at.isoformat() if self.chance.random() < 0.8 else at.astimezone().isoformat()

    def _payload(self, room: _OpenConversation) -> tuple[str, dict[str, Any]]:
        chance = self.chance
        base: dict[str, Any] = {"conversation_id": room.name}
        known = f"m-{chance.randint(0, room.messages + 2)}"
        consent = {"processing": chance.random() < 0.95, "secondary_use": chance.random() < 0.5}
        kind = chance.choices(
            ("message", "edit", "deletion", "participants", "session_end", "consent_withdrawal"), (70, 8, 4, 3, 4, 1)
        )[0]
        base["type"] = kind
        match kind:
            case "message":
                if chance.random() < 0.9:
                    room.messages += 1
                    known = f"m-{room.messages}"
                role = chance.choice(("client", "client", "counsellor", "counsellor", "system"))
                base |= {"message_id": known, "role": role, "author": f"{role}-{chance.randint(0, 1)}"}
                base |= {"text": self._text(), "sent_at": self._time(), "consent": consent}
                if chance.random() < 0.2:
                    base["language"] = chance.choice(("en", "en-GB", "de"))
            case "edit":
                base |= {"message_id": known, "text": self._text(), "edited_at": self._time(), "consent": consent}
            case "deletion":
                base |= {"message_id": known, "deleted_at": self._time()}
            case "participants":
                base["participants"] = [{"role": "client", "names": [f"Name{chance.randint(0, 5)}"]}]
            case "session_end":
                base["ended_at"] = self._time()
            case "consent_withdrawal":
                base["withdrawn_at"] = self._time()
        if chance.random() < 0.05:
            base["unknown field"] = chance.choice((None, [], {"a": 1}, "x"))
        return kind, base

    def _text(self) -> str:
        return (
            " ".join(self.chance.choices(WORDS[:-1], k=self.chance.randint(0, 6)))
            if self.chance.random() < 0.99
            else WORDS[-1]
        )

    def _headers(self, raw: bytes, delivery: str, *, at: datetime | None = None, key: str = SECRET) -> dict[str, str]:
        return PLATFORM.sign(raw, at or self.now(), key, delivery=delivery)

    def _signed(self, kind: str, raw: bytes, expected: str, room: str = "") -> Delivery:
        delivery = f"d-{self.seed}-{self._count}"
        if expected in {PUBLISHED, NO_CONSENT}:
            self._sent.append((raw, delivery, room, expected))
            del self._sent[:-500]
        return Delivery(kind, _request(self._headers(raw, delivery), raw, self.chance), expected, room)

    def _again(self) -> Delivery:
        """Return a repeated delivery with the same id and body and a new signature, as if our answer was lost."""
        raw, delivery, room, _ = self.chance.choice(self._sent)
        return Delivery("again", _request(self._headers(raw, delivery), raw, self.chance), REPEATED, room)

    def _broken(self) -> Delivery:
        chance = self.chance
        room = self._room()
        _, payload = self._payload(room)
        payload |= {"type": "message", "message_id": "m-broken", "role": "client", "author": "a", "text": "broken"}
        payload |= {"sent_at": self.now().isoformat(), "consent": {"processing": True}}
        raw = json.dumps(payload).encode()
        what = chance.random()
        if what < 0.35:
            return self._forged(raw)
        if what < 0.75:
            name, spoil, expected = chance.choice(BROKEN_PAYLOADS)
            return self._signed(name, json.dumps(spoil(payload)).encode(), expected, room.name)
        if what < 0.95:
            name, spoil_raw, expected = chance.choice(BROKEN_BODIES)
            return self._signed(name, spoil_raw(raw), expected, room.name)
        return self._odd_request(raw)

    def _forged(self, raw: bytes) -> Delivery:
        chance = self.chance
        delivery = f"d-{self.seed}-{self._count}"
        headers = self._headers(raw, delivery)
        kind = chance.choice(tuple(FORGERIES))
        changed = FORGERIES[kind](self, raw, headers)
        return Delivery(kind, _request(changed[1], changed[0], chance, changed[2]), "401 denied")

    def _odd_request(self, raw: bytes) -> Delivery:
        chance = self.chance
        headers = self._headers(raw, f"d-{self.seed}-{self._count}")
        request = _request(headers, raw, chance)
        kind = chance.choice(
            ("too long", "too long in pieces", "says too long", "hangs up", "other method", "other path", "gzip bomb")
        )
        expected = "413 body"
        match kind:
            case "too long":
                request.pieces = (raw + b" " * 300_000,)
            case "too long in pieces":
                request.pieces = tuple(b" " * 50_000 for _ in range(100))
            case "says too long":
                request.headers = [*request.headers, (b"content-length", b"9" * chance.choice((7, 20, 6_000)))]
            case "hangs up":
                request.pieces, request.hangs_up, expected = (raw[: len(raw) // 2],), True, HUNG_UP
            case "other method":
                request.method = chance.choice(("GET", "PUT", "DELETE", "OPTIONS", "\u00e4"))
                expected = "405 wrong_method"
            case "other path":
                request.path = chance.choice(
                    ("/", "/v1/sample", "/v1//events", "/v1/a/b/events", "/v1/sample/events/x", "/../etc")
                )
                expected = "404 wrong_path"
            case "gzip bomb":
                bomb = gzip.compress(b"0" * 10_000_000)
                return self._signed_as(kind, bomb, "401 denied", [(b"content-encoding", b"gzip")])
        return Delivery(kind, request, expected)

    def _signed_as(self, kind: str, raw: bytes, expected: str, more: list[tuple[bytes, bytes]]) -> Delivery:
        made = self._signed(kind, raw, expected)
        made.request.headers = [*made.request.headers, *more]
        return made


def _request(headers: dict[str, str], raw: bytes, chance: random.Random, tenant: str = TENANT) -> RawRequest:
    pieces: tuple[bytes, ...] = (raw,)
    if len(raw) > 10 and chance.random() < 0.05:
        cut = chance.randint(1, len(raw) - 1)
        pieces = (raw[:cut], b"", raw[cut:])
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    return RawRequest(f"/v1/{tenant}/events", [(b"content-type", b"application/json"), *encoded], pieces)


Forged = tuple[bytes, dict[str, str], str]
Forge = Callable[[Deliveries, bytes, dict[str, str]], Forged]


def _flipped(source: Deliveries, raw: bytes, headers: dict[str, str]) -> Forged:
    place = source.chance.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << source.chance.randrange(8))]) + raw[place + 1 :], headers, TENANT


def _signature(change: Callable[[str], str]) -> Forge:
    return lambda _source, raw, headers: (
        raw,
        headers | {"webhook-signature": change(headers["webhook-signature"])},
        TENANT,
    )


def _header(name: str, value: str | None) -> Forge:
    def forge(_source: Deliveries, raw: bytes, headers: dict[str, str]) -> Forged:
        kept = {key: old for key, old in headers.items() if key != name}
        return raw, kept if value is None else kept | {name: value}, TENANT

    return forge


def _resigned(seconds: float, key: str = SECRET) -> Forge:
    def forge(source: Deliveries, raw: bytes, headers: dict[str, str]) -> Forged:
        at = source.now() + timedelta(seconds=seconds)
        return raw, source._headers(raw, headers["webhook-id"], at=at, key=key), TENANT

    return forge


FORGERIES: dict[str, Forge] = {
    "one bit of the body flipped": _flipped,
    "signed with another secret": _resigned(0, signing_secret(b"x")),
    "stale": _resigned(-400),
    "from the future": _resigned(400),
    "signature cut": _signature(lambda text: text[:-4]),
    "signature in capitals": _signature(str.upper),
    "signature without version": _signature(lambda text: text.removeprefix("v1,")),
    "signature of version 2": _signature(lambda text: "v2," + text.removeprefix("v1,")),
    "signature in base64url without end": _signature(lambda text: text.rstrip("=") + "-_"),
    "signature in hex": _signature(lambda text: "v1," + base64.b64decode(text.removeprefix("v1,")).hex()),
    "many wrong signatures": _header("webhook-signature", " ".join(["v1,AAAA"] * 500)),
    "signature beyond ASCII": _header("webhook-signature", "v1,\u00e4\u00ff"),
    "no signature": _header("webhook-signature", None),
    "no id": _header("webhook-id", None),
    "id with a line break": _header("webhook-id", "a\nb"),
    "id too long": _header("webhook-id", "x" * 5_000),
    "no time": _header("webhook-timestamp", None),
    "time with a sign": _header("webhook-timestamp", "+1772474400"),
    "time as a fraction": _header("webhook-timestamp", "1772474400.5"),
    "time beyond the calendar": _header("webhook-timestamp", "99999999999"),
    "time of five thousand digits": _header("webhook-timestamp", "1" * 5_000),
    "time in other digits": _header("webhook-timestamp", "\u00b2\u00b3"),
    "unknown tenant": lambda _source, raw, headers: (raw, headers, "nobody"),
    "tenant of strange letters": lambda _source, raw, headers: (raw, headers, "\u00e4 \x00%2e%2e"),
}
