"""The reader of our JSON Lines format: each line is a webhook payload with an optional time `at` (docs/replay.md).

Without `at` a payload's own time counts, as distance from the first time of its conversation; without either, the
typing pace.
"""

from collections import defaultdict
from datetime import datetime
from pathlib import Path

from plugin.replay.conversations import TIME_FIELD, Payload, RecordedConversation, check_payload, recorded_conversation
from stream.contracts.errors import Misconfigured, Poison
from stream.runtime.codec import read_json

LONGEST_S = 100 * 366 * 86_400
"""A hundred years: conversations may last for years, but a larger number cannot be meant as seconds."""


def read(path: Path) -> list[RecordedConversation]:
    """Read every conversation of a file; lines of different conversations may alternate.

    Raises:
        Misconfigured: The file has an error; the message names the file, line and field of the first one.
    """
    events: dict[str, list[tuple[float | None, Payload]]] = defaultdict(list)
    starts: dict[str, datetime] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path.name}, line {number}"
        payload = _payload(line, place)
        at_s = _at(payload.pop("at", None), place)
        check_payload(payload, place)
        reference = str(payload["conversation_id"])
        own = payload.pop(TIME_FIELD.get(str(payload["type"]), ""), None)
        if at_s is None and own is not None:
            time = _time(own, place)
            at_s = (time - starts.setdefault(reference, time)).total_seconds()
        events[reference].append((at_s, payload))
    return [recorded_conversation(reference, path.name, found) for reference, found in events.items()]


def _payload(line: bytes, place: str) -> dict[str, object]:
    try:
        payload = read_json(line)
    except Poison as poison:
        raise Misconfigured(f"{place}: this is not JSON ({poison.reason.value}).") from None
    if not isinstance(payload, dict):
        raise Misconfigured(f"{place}: a line is one JSON object.")
    return payload


def _at(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_S:
        raise Misconfigured(f"{place}: at is a number of seconds from the conversation's start.")
    return float(value)


def _time(value: object, place: str) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise Misconfigured(f"{place}: the time is not written as ISO 8601.") from None
