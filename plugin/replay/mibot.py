"""The reader of MIBot transcripts (zaffnet/MIBOT_ACL2025, CC BY-SA 4.0), typed sessions of smokers with one counsellor.

Each JSON file is one session without times; the numbers of its utterances are their order. Its utterances become
separate messages, as people send them in chat.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plugin.replay.conversations import RecordedConversation, check_payload, recorded_conversation
from plugin.replay.order import SourceEvent, check_ids
from stream.contracts.errors import Misconfigured
from stream.published.files import read_file

COUNSELLOR = "counsellor-mibot"


class Utterance(BaseModel):
    """An utterance of a transcript, about one sentence; its labels are not read."""

    model_config = ConfigDict(hide_input_in_errors=True)

    speaker: Literal["client", "counsellor"]
    utterance_number: int
    text: str = Field(repr=False)


class Transcript(BaseModel):
    """The transcript of one session."""

    model_config = ConfigDict(hide_input_in_errors=True)

    participant_id: str = Field(min_length=1)
    utterances: tuple[Utterance, ...] = Field(min_length=1, repr=False)


def read(path: Path) -> list[RecordedConversation]:
    """Read the one conversation of a transcript file.

    Raises:
        Misconfigured: The file has an error; the message names the file and the field of the first one.
    """
    try:
        transcript = Transcript.model_validate_json(read_file(path))
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"]) or "JSON"
        raise Misconfigured(f"{path.name}: {place} is not as in a MIBot transcript.") from None
    reference = f"mibot-{transcript.participant_id}"
    events = [
        _event(utterance, reference, f"{path.name}, item {item} (utterance {utterance.utterance_number})")
        for item, utterance in enumerate(transcript.utterances, start=1)
    ]
    check_ids(events)
    in_order = sorted(events, key=lambda event: int(str(event.payload["message_id"])))
    return [recorded_conversation(reference, path.name, ((None, event.payload) for event in in_order))]


def _event(utterance: Utterance, reference: str, place: str) -> SourceEvent:
    payload = {
        "type": "message",
        "conversation_id": reference,
        "message_id": str(utterance.utterance_number),
        "role": utterance.speaker,
        "author": f"client-{reference}" if utterance.speaker == "client" else COUNSELLOR,
        "text": utterance.text,
        "consent": {"processing": True},
        "language": "en",
    }
    check_payload(payload, place)
    return SourceEvent(place, None, payload)
