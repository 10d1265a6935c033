"""The reader of our JSON Lines format: each line is a webhook payload with an optional time `at` (docs/replay.md).

Without `at` a payload's own time counts, as distance from the first time of its conversation; without either, the
typing pace. An array of payloads is read alike.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plugin.replay.conversations import TIME_FIELD, Payload, RecordedConversation, check_payload, recorded_conversation
from plugin.replay.order import SourceEvent, by_time, check_ids
from stream.contracts.errors import Misconfigured, Poison
from stream.published.files import read_file, split_lines
from stream.runtime.codec import read_json

LONGEST_S = 100 * 366 * 86_400
"""A hundred years: conversations may last for years, but a larger number cannot be meant as seconds."""


@dataclass(frozen=True)
class _Line:
    place: str
    at_s: float | None
    own_time: datetime | None
    payload: Payload = field(repr=False)


def read(path: Path) -> list[RecordedConversation]:
    """Read every conversation of a file; lines of different conversations may alternate.

    Raises:
        Misconfigured: The file has an error; the message names the file, line and field of the first one.
    """
    lines: dict[str, list[_Line]] = defaultdict(list)
    for place, value in _values(read_file(path), path.name):
        line = _line(value, place)
        lines[str(line.payload["conversation_id"])].append(line)
    return [_conversation(reference, path.name, found) for reference, found in lines.items()]


def _values(text: str, name: str) -> Iterator[tuple[str, object]]:
    """Yield the payloads of a file with their places: the items of an array, or the lines."""
    if text.lstrip().startswith("["):
        values = _json(text, name)
        for number, value in enumerate(values if isinstance(values, list) else [], start=1):
            yield f"{name}, item {number}", value
        return
    for number, line in enumerate(split_lines(text), start=1):
        if line.strip():
            place = f"{name}, line {number}"
            yield place, _json(line, place)


def _json(text: str, place: str) -> object:
    try:
        return read_json(text.encode())
    except Poison as poison:
        raise Misconfigured(f"{place}: this is not JSON ({poison.reason.value}).") from None


def _line(value: object, place: str) -> _Line:
    if not isinstance(value, dict):
        raise Misconfigured(f"{place}: a line is one JSON object.")
    at_s = _at(value.pop("at", None), place)
    check_payload(value, place)
    own = value.pop(TIME_FIELD.get(str(value["type"]), ""), None)
    return _Line(place, at_s, None if own is None else _time(own, place), value)


def _conversation(reference: str, name: str, lines: list[_Line]) -> RecordedConversation:
    with_at = [line for line in lines if line.at_s is not None]
    with_own_time_alone = [line for line in lines if line.at_s is None and line.own_time is not None]
    if with_at and with_own_time_alone:
        raise Misconfigured(
            f"{with_own_time_alone[0].place}: it has a time of its own and no `at`, as {with_at[0].place} has. Use one"
            " of them throughout a conversation."
        )
    start = min((line.own_time for line in lines if line.own_time is not None), default=None)
    events = []
    for line in lines:
        at_s = line.at_s
        if at_s is None and line.own_time is not None and start is not None:
            at_s = (line.own_time - start).total_seconds()
        events.append(SourceEvent(line.place, at_s, line.payload))
    check_ids(events)
    return recorded_conversation(reference, name, ((event.at_s, event.payload) for event in by_time(events)))


def _at(value: object, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_S:
        raise Misconfigured(f"{place}: at is a number of seconds from the conversation's start.")
    return float(value)


def _time(value: object, place: str) -> datetime:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        time = None
    if time is None or str(value).isdecimal() or time.tzinfo is None:
        raise Misconfigured(f"{place}: the time is not written as ISO 8601 with its offset, as 2026-03-02T19:00:30Z.")
    return time
