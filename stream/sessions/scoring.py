"""Which texts of a batch the detector has to see, and the counsellor's turn that each of them answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from stream.contracts.messages import ConsentWithdrawal, ConversationEvent, Edit, Erasure, Message
from stream.contracts.vocabulary import Role
from stream.sessions.conversation import Conversation
from stream.sessions.rules import Arrival

_LOOK_BACK_MESSAGES = 96


@dataclass(frozen=True)
class TextToScore:
    """A client's words that event number `offset` brings, and what they answer."""

    offset: int
    message_id: str
    text: str = field(repr=False)
    previous_text: str | None = field(repr=False)


def texts_to_score(
    conversation: Conversation, events: Iterable[tuple[Arrival, ConversationEvent]]
) -> list[TextToScore]:
    """The client texts among a conversation's next events, in order; nothing of the conversation changes.

    An edit may come before its original: then the original brings the edit's words. What a text answers is told as
    well as it can be before the batch has had its effect; where a batch begins may change it, never the text itself.
    """
    found: list[TextToScore] = []
    spoken: dict[int, tuple[Role, str]] = {}
    originals: dict[str, int] = {}
    edits = {early.message_id: (early.revision, early.text) for early in conversation.head.early if not early.deleted}
    for at, event in events:
        if isinstance(event, ConsentWithdrawal | Erasure):
            spoken.clear()
        elif isinstance(event, Message):
            if not event.consent.processing or conversation.entry(event.message_id) is not None:
                continue
            _, text = edits.get(event.message_id, (0, event.text))
            spoken[at.offset] = (event.role, text)
            if event.role is Role.CLIENT:
                originals.setdefault(event.message_id, at.offset)
                previous = _counsellor_before(conversation, spoken, at.offset)
                found.append(TextToScore(at.offset, event.message_id, text, previous))
        elif isinstance(event, Edit):
            revision = event.revision
            entry = conversation.entry(event.message_id)
            if entry is not None and entry.role is Role.CLIENT:
                originals[event.message_id] = entry.offset
            if event.message_id in originals:
                previous = _counsellor_before(conversation, spoken, originals[event.message_id])
                found.append(TextToScore(at.offset, event.message_id, event.text, previous))
            elif revision > edits.get(event.message_id, (0, ""))[0]:
                edits[event.message_id] = (revision, event.text)
    return found


def _counsellor_before(conversation: Conversation, spoken: dict[int, tuple[Role, str]], offset: int) -> str | None:
    """The last counsellor turn that arrived before `offset`: by arrival, so that a redelivery finds the same.

    Only the last messages are looked through: who was silent for that long is not being answered.
    """
    turn: list[str] = []
    for role, text in islice(_arrived_before(conversation, spoken, offset), _LOOK_BACK_MESSAGES):
        if role is Role.COUNSELLOR:
            turn.append(text)
        elif turn and role is Role.CLIENT:
            break
    return "\n".join(reversed(turn)) if turn else None


def _arrived_before(
    conversation: Conversation, spoken: dict[int, tuple[Role, str]], offset: int
) -> Iterator[tuple[Role, str]]:
    """Yield the texts that arrived before `offset`, the last first; a batch comes after what is kept."""
    for place in reversed(spoken):
        if place < offset:
            yield spoken[place]
    for entry in conversation.entries_newest_first():
        if entry.offset < offset and entry.offset not in spoken and not entry.deleted:
            yield entry.role, entry.text
