"""Invalid webhook payloads and bodies, each with the answer that the gateway must give when they are signed."""

from collections.abc import Callable
from typing import Any

from stream.contracts.vocabulary import DeadLetterReason as Reason

Payload = dict[str, Any]


def _with(**changes: object) -> Callable[[Payload], Payload]:
    return lambda payload: payload | changes


def _without(name: str) -> Callable[[Payload], Payload]:
    return lambda payload: {key: value for key, value in payload.items() if key != name}


def _named(name: str) -> Payload:
    return {"role": "client", "names": [name]}


def _rejected(reason: Reason) -> str:
    return f"422 {reason.value}"


_SCHEMA = _rejected(Reason.BAD_SCHEMA)

BROKEN_PAYLOADS: tuple[tuple[str, Callable[[Payload], Any], str], ...] = (
    ("NUL in the text", _with(text="a\x00b"), _rejected(Reason.NUL)),
    ("NUL in a reference", _with(author="a\x00b"), _rejected(Reason.NUL)),
    ("lone surrogate", _with(text="a\ud800b"), _rejected(Reason.LONE_SURROGATE)),
    ("lone surrogate in a name nobody reads", _with(**{"x\udfff": 1}), _rejected(Reason.LONE_SURROGATE)),
    ("text too long", _with(text="x" * 20_001), _SCHEMA),
    ("text is a number", _with(text=7), _SCHEMA),
    ("text is a list", _with(text=["a"]), _SCHEMA),
    ("no text", _without("text"), _SCHEMA),
    ("no conversation", _without("conversation_id"), _SCHEMA),
    ("empty conversation", _with(conversation_id=""), _SCHEMA),
    ("reference too long", _with(conversation_id="x" * 256), _SCHEMA),
    ("reference is an object", _with(author={"a": 1}), _SCHEMA),
    ("role nobody has", _with(role="boss"), _SCHEMA),
    ("role in capitals", _with(role="CLIENT"), _SCHEMA),
    ("id with a space", _with(message_id="a b"), _SCHEMA),
    ("id beyond ASCII", _with(message_id="\u00e4"), _SCHEMA),
    ("id too long", _with(message_id="x" * 256), _SCHEMA),
    ("id is a number", _with(message_id=1), _SCHEMA),
    ("time without an offset", _with(sent_at="2026-03-02T18:00:00"), _SCHEMA),
    ("time of no day", _with(sent_at="2026-02-30T18:00:00Z"), _SCHEMA),
    ("time before the years", _with(sent_at="0001-01-01T00:00:00+23:00"), _SCHEMA),
    ("time after the years", _with(sent_at="9999-12-31T23:59:59-23:00"), _SCHEMA),
    ("time is an object", _with(sent_at={}), _SCHEMA),
    ("time is infinitely large", _with(sent_at=10**300), _SCHEMA),
    ("consent is a list", _with(consent=[]), _SCHEMA),
    ("consent is a word", _with(consent="yes"), _SCHEMA),
    ("consent is something else", _with(consent={"processing": "perhaps"}), _SCHEMA),
    ("consent is one", _with(consent={"processing": 1}), _SCHEMA),
    ("consent is a word for yes", _with(consent={"processing": "yes"}), _SCHEMA),
    ("consent is the word true", _with(consent={"processing": "true"}), _SCHEMA),
    ("language of no tag", _with(language="English, mostly"), _SCHEMA),
    ("no type", _without("type"), _rejected(Reason.UNKNOWN_TYPE)),
    ("unknown type", _with(type="reaction"), _rejected(Reason.UNKNOWN_TYPE)),
    ("type is a list", _with(type=["message"]), _rejected(Reason.UNKNOWN_TYPE)),
    ("an erasure, which no webhook may ask for", _with(type="erasure"), _rejected(Reason.UNKNOWN_TYPE)),
    ("participants is an object", _with(type="participants", participants={}), _SCHEMA),
    ("51 participants", _with(type="participants", participants=[{"role": "client"}] * 51), _SCHEMA),
    ("an empty name", _with(type="participants", participants=[_named("")]), _SCHEMA),
    ("NUL in a name", _with(type="participants", participants=[_named("\x00")]), _rejected(Reason.NUL)),
    ("edit of no time", _with(type="edit", edited_at=None), _SCHEMA),
    ("a list", lambda payload: [payload], _SCHEMA),
    ("a word", lambda _payload: "message", _SCHEMA),
    ("null", lambda _payload: None, _SCHEMA),
)  # fmt: skip
"""Each fault of a signed payload: its name, the change that makes it, and the expected answer."""

_JSON = _rejected(Reason.BAD_JSON)

BROKEN_BODIES: tuple[tuple[str, Callable[[bytes], bytes], str], ...] = (
    ("nothing", lambda _raw: b"", _JSON),
    ("cut", lambda raw: raw[: len(raw) // 2], _JSON),
    ("twice", lambda raw: raw + raw, _JSON),
    ("deeply nested lists", lambda _raw: b"[" * 100_000, _JSON),
    ("deeply nested objects", lambda _raw: b'{"a":' * 40_000, _JSON),
    ("nested and closed", lambda _raw: b"[" * 50_000 + b"]" * 50_000, _JSON),
    ("NaN", lambda raw: raw.replace(b'"broken"', b"NaN"), _JSON),
    ("Infinity", lambda raw: raw.replace(b'"broken"', b"-Infinity"), _JSON),
    ("100,000 digits", lambda raw: raw.replace(b'"broken"', b"9" * 100_000), f"{_JSON}|bad_schema"),
    ("a number beyond all", lambda raw: raw.replace(b'"broken"', b"1e999999"), f"{_JSON}|bad_schema"),
    ("single quotes", lambda raw: raw.replace(b'"', b"'"), _JSON),
    ("a comment", lambda raw: raw + b"// hi", _JSON),
    ("a comma too many", lambda raw: raw[:-1] + b",}", _JSON),
    ("a raw line break in a string", lambda raw: raw.replace(b"broken", b"bro\nken"), _JSON),
    ("a raw NUL in a string", lambda raw: raw.replace(b"broken", b"bro\x00ken"), _JSON),
    ("an escape that is none", lambda raw: raw.replace(b"broken", b"bro\\x41ken"), _JSON),
    ("a byte order mark", lambda raw: b"\xef\xbb\xbf" + raw, _JSON),
    ("a key twice", lambda raw: raw.replace(b'"role"', b'"role": "boss", "role"'), "published"),
    ("text twice, the last is a number", lambda raw: raw[:-1] + b', "text": 1}', _SCHEMA),
    ("UTF-16", lambda raw: raw.decode().encode("utf-16"), "401 denied"),
    ("Latin-1", lambda raw: raw.replace(b"broken", b"gr\xfc\xdfe"), "401 denied"),
    ("overlong UTF-8", lambda raw: raw.replace(b"broken", b"\xc0\xae"), "401 denied"),
    ("a surrogate in UTF-8", lambda raw: raw.replace(b"broken", b"\xed\xa0\x80"), "401 denied"),
    ("random bytes", lambda _raw: bytes(range(128, 256)), "401 denied"),
)  # fmt: skip
"""Each fault in the bytes of a signed body, with its answer; the standard cannot sign bytes that are not UTF-8."""
