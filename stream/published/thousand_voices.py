"""The reader of Thousand Voices of Trauma: one conversation a file, each line of it with its speaker before a colon.

The data card describes the files' names alone. What is in a file is known from two public programs that read it: an
object whose `full_conversation` lists lines such as "Therapist: ..." and "Client: ...". Metadata are not read.
"""

import re
from pathlib import Path
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Role
from stream.published.conversations import PublishedConversation, PublishedUtterance
from stream.published.files import read_file
from stream.published.rows import json_value

LINES: Final = "full_conversation"
"""The field by which a file is known."""
METADATA: Final = "trauma_info"
"""A field of the metadata beside it, which hold no conversation."""
PHASES: Final = {
    "P5": "orientation",
    "P6": "monitoring distress",
    "P7": "reinforcing",
    "P8": "eliciting thoughts and feelings",
    "P10": "imaginal exposure",
    "P11": "processing",
}
"""The six stages of prolonged exposure that the card names; each client has a conversation in each."""
_SPEAKERS: Final = {"therapist": Role.COUNSELLOR, "client": Role.CLIENT}
_NAME: Final = re.compile(r"(?P<client>[0-9]{1,6})_(?P<phase>P[0-9]{1,2})_conversations?\.json(?:\.gz)?", re.IGNORECASE)


def read(path: Path) -> list[PublishedConversation]:
    """Return the one conversation of a file.

    Raises:
        Misconfigured: the file has another name or form; the message names the item.
    """
    value = json_value(read_file(path), path.name)
    lines = value.get(LINES) if isinstance(value, dict) else None
    if not isinstance(lines, list) or not lines:
        raise Misconfigured(f"{path.name}: it has no list {LINES}, which holds a conversation of Thousand Voices.")
    name = _NAME.fullmatch(path.name)
    if name is None or name["phase"].upper() not in PHASES:
        raise Misconfigured(
            f"{path.name}: its name is not CLIENT_PHASE_conversation.json with a phase of {', '.join(PHASES)}, which is"
            " all that says whose conversation it is. Give it its published name."
        )
    client, phase = name["client"], name["phase"].upper()
    said = tuple(_utterance(line, f"{path.name}, item {number}") for number, line in enumerate(lines, start=1))
    return [PublishedConversation(f"{client}-{phase}", client, said)]


def phase_of(conversation: PublishedConversation) -> str:
    """Return the phase of a conversation, such as P10."""
    return conversation.name.rpartition("-")[2]


def _utterance(line: object, place: str) -> PublishedUtterance:
    speaker, colon, text = line.partition(":") if isinstance(line, str) else ("", "", "")
    role = _SPEAKERS.get(speaker.strip().lower())
    if role is None or not colon:
        raise Misconfigured(
            f"{place}: it begins with neither Therapist: nor Client:. Put who spoke before it, or take it out."
        )
    if not text.strip():
        raise Misconfigured(f"{place}: nothing stands after its speaker. Take it out.")
    return PublishedUtterance(place, role, text.strip())
