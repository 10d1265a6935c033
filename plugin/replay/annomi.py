"""The reader of AnnoMI (uccollab/AnnoMI), transcribed demonstrations of motivational interviewing in one CSV file.

The therapist of a transcript is its counsellor; the timestamps of the video are the times of the messages, and the
numbers of the utterances are their order.
"""

import csv
from collections import defaultdict
from io import StringIO
from pathlib import Path

from plugin.replay.conversations import RecordedConversation, check_payload, recorded_conversation
from plugin.replay.order import SourceEvent, check_ids
from stream.contracts.errors import Misconfigured
from stream.published.files import read_file

COLUMNS = frozenset({"transcript_id", "utterance_id", "interlocutor", "timestamp", "utterance_text"})
_DELIMITERS = (",", ";", "\t", "|")
_ROLES = {"client": "client", "therapist": "counsellor"}
_CLOCK_PARTS = 3
_CLOCK_DIGITS = 4  # of one part: no video lasts ten thousand hours
_NUMBER_DIGITS = 9


def read(path: Path) -> list[RecordedConversation]:
    """Read every transcript of a CSV file, with whatever delimiter its header has.

    Raises:
        Misconfigured: The file has an error; the message names the file, line and field of the first one.
    """
    text = read_file(path)
    delimiter = _delimiter(text)
    if delimiter is None:
        raise Misconfigured(f"{path.name}: the header lacks columns of AnnoMI ({', '.join(sorted(COLUMNS))}).")
    transcripts: dict[str, dict[int, SourceEvent]] = defaultdict(dict)
    rows = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter)
    rows.fieldnames = [_column(name) for name in rows.fieldnames or ()]
    try:
        for row in rows:
            place = f"{path.name}, line {rows.line_num}"
            reference, number, event = _utterance(row, place)
            other = transcripts[reference].setdefault(number, event)
            # The full corpus has a row for each annotator of an utterance: the same words at the same time.
            if (other.at_s, other.payload) != (event.at_s, event.payload):
                check_ids([other, event])
    except csv.Error as error:
        raise Misconfigured(f"{path.name}, after line {rows.line_num}: {type(error).__name__}.") from None
    return [
        recorded_conversation(
            reference, path.name, ((found[number].at_s, found[number].payload) for number in sorted(found))
        )
        for reference, found in transcripts.items()
    ]


def _delimiter(text: str) -> str | None:
    """Return the delimiter with which the header has AnnoMI's columns; None if there is none."""
    for delimiter in _DELIMITERS:
        try:
            header = next(csv.reader(StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        if COLUMNS.issubset(map(_column, header)):
            return delimiter
    return None


def _column(name: str) -> str:
    return name.strip().lower()


def _utterance(row: dict[str, str], place: str) -> tuple[str, int, SourceEvent]:
    role = _ROLES.get((row["interlocutor"] or "").strip().lower())
    if role is None:
        raise Misconfigured(f"{place}: interlocutor is neither client nor therapist.")
    reference = f"annomi-{row['transcript_id']}"
    number = row["utterance_id"] or ""
    is_number = number.isascii() and number.isdecimal() and len(number) <= _NUMBER_DIGITS
    payload = {
        "type": "message",
        "conversation_id": reference,
        "message_id": str(int(number)) if is_number else number,
        "role": role,
        "author": f"{role}-{reference}",
        "text": row["utterance_text"],
        "consent": {"processing": True},
        "language": "en",
    }
    check_payload(payload, place)
    if not is_number:
        raise Misconfigured(f"{place}: utterance_id is no number, so the order of the utterances is not known.")
    return reference, int(number), SourceEvent(place, _seconds(row["timestamp"], place), payload)


def _seconds(clock: str | None, place: str) -> float:
    parts = (clock or "").split(":")
    if len(parts) != _CLOCK_PARTS or not all(part.isdecimal() and len(part) <= _CLOCK_DIGITS for part in parts):
        raise Misconfigured(f"{place}: timestamp is not written as hours:minutes:seconds.")
    hours, minutes, seconds = (int(part) for part in parts)
    return float(hours * 3600 + minutes * 60 + seconds)
