"""The reader of AnnoMI (uccollab/AnnoMI), transcribed demonstrations of motivational interviewing in one CSV file.

The therapist of a transcript is its counsellor; the timestamps of the video are the times of the messages.
"""

import csv
from collections import defaultdict
from pathlib import Path

from plugin.replay.conversations import Payload, RecordedConversation, check_payload, recorded_conversation
from stream.contracts.errors import Misconfigured

COLUMNS = frozenset({"transcript_id", "utterance_id", "interlocutor", "timestamp", "utterance_text"})
_ROLES = {"client": "client", "therapist": "counsellor"}
_CLOCK_PARTS = 3
_CLOCK_DIGITS = 4  # of one part: no video lasts ten thousand hours


def is_annomi(path: Path) -> bool:
    """Whether the header of the CSV file has AnnoMI's columns."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return COLUMNS.issubset(next(csv.reader(file), []))


def read(path: Path) -> list[RecordedConversation]:
    """Read every transcript of a CSV file.

    Raises:
        Misconfigured: The file has an error; the message names the file, line and field of the first one.
    """
    events: dict[str, list[tuple[float | None, Payload]]] = defaultdict(list)
    if not is_annomi(path):
        raise Misconfigured(f"{path.name}: the header lacks columns of AnnoMI ({', '.join(sorted(COLUMNS))}).")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        try:
            for row in rows:
                place = f"{path.name}, line {rows.line_num}"
                reference, payload = _payload(row, place)
                events[reference].append((_seconds(row["timestamp"], place), payload))
        except (csv.Error, UnicodeDecodeError) as error:
            raise Misconfigured(f"{path.name}, after line {rows.line_num}: {type(error).__name__}.") from None
    return [recorded_conversation(reference, path.name, found) for reference, found in events.items()]


def _payload(row: dict[str, str], place: str) -> tuple[str, Payload]:
    role = _ROLES.get(row["interlocutor"] or "")
    if role is None:
        raise Misconfigured(f"{place}: interlocutor is neither client nor therapist.")
    reference = f"annomi-{row['transcript_id']}"
    payload = {
        "type": "message",
        "conversation_id": reference,
        "message_id": row["utterance_id"],
        "role": role,
        "author": f"{role}-{reference}",
        "text": row["utterance_text"],
        "consent": {"processing": True},
        "language": "en",
    }
    check_payload(payload, place)
    return reference, payload


def _seconds(clock: str | None, place: str) -> float:
    parts = (clock or "").split(":")
    if len(parts) != _CLOCK_PARTS or not all(part.isdecimal() and len(part) <= _CLOCK_DIGITS for part in parts):
        raise Misconfigured(f"{place}: timestamp is not written as hours:minutes:seconds.")
    hours, minutes, seconds = (int(part) for part in parts)
    return float(hours * 3600 + minutes * 60 + seconds)
