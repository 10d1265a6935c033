"""Published conversations as recorded ones: typed at the typing pace, since none of these corpora has times."""

from pathlib import Path

from plugin.replay.conversations import RecordedConversation, check_payload, recorded_conversation
from stream.contracts.vocabulary import Role
from stream.published import failed_esconv, thousand_voices
from stream.published.conversations import PublishedConversation


def read_thousand_voices(path: Path) -> list[RecordedConversation]:
    """Read the conversation of a file of Thousand Voices of Trauma, with one counsellor for all.

    Raises:
        Misconfigured: The file has an error; the message names the file and the item of the first one.
    """
    return [_recorded(each, "voices", path, "counsellor-voices") for each in thousand_voices.read(path)]


def read_failed_esconv(path: Path) -> list[RecordedConversation]:
    """Read the conversations of FailedESConv, each with a counsellor of its own, since nobody is named in it.

    Raises:
        Misconfigured: The file has an error; the message names the file and the item of the first one.
    """
    return [_recorded(each, "esconv", path, f"counsellor-esconv-{each.name}") for each in failed_esconv.read(path)]


def _recorded(conversation: PublishedConversation, corpus: str, path: Path, counsellor: str) -> RecordedConversation:
    reference = f"{corpus}-{conversation.name}"
    authors = {Role.COUNSELLOR: counsellor, Role.CLIENT: f"client-{corpus}-{conversation.group}"}
    payloads = []
    for number, said in enumerate(conversation.utterances, start=1):
        payload = {
            "type": "message",
            "conversation_id": reference,
            "message_id": str(number),
            "role": said.role.value,
            "author": authors[said.role],
            "text": said.text,
            "consent": {"processing": True},
            "language": "en",
        }
        check_payload(payload, said.place)
        payloads.append(payload)
    return recorded_conversation(reference, path.name, ((None, payload) for payload in payloads))
