"""The texts of a batch that the detector has to score, with the counsellor turn that each of them answers."""

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
    """A client's text that the event at `offset` brings, and the counsellor turn that it answers."""

    offset: int
    message_id: str
    text: str = field(repr=False)
    previous_text: str | None = field(repr=False)


def texts_to_score(
    conversation: Conversation, events: Iterable[tuple[Arrival, ConversationEvent]]
) -> list[TextToScore]:
    """Return the client texts among the next events of a conversation, in order; the conversation does not change.

    Where an edit comes before its original, the original is scored with the edit's text. The counsellor turn is found
    before the batch is applied, so it may depend on where the batch begins; the text itself never does.
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


def counsellor_turn_before(conversation: Conversation, at: Arrival, event: ConversationEvent) -> str | None:
    """Return the counsellor turn that a client's message or edit answers; None if there is none."""
    entry = conversation.entry(event.message_id) if isinstance(event, Edit) else None
    return counsellor_turn_at(conversation, at.offset if entry is None else entry.offset)


def counsellor_turn_at(conversation: Conversation, offset: int) -> str | None:
    """Return the last counsellor turn that arrived before an offset; None if there is none."""
    return _counsellor_before(conversation, {}, offset)


def _counsellor_before(conversation: Conversation, spoken: dict[int, tuple[Role, str]], offset: int) -> str | None:
    """Return the last counsellor turn that arrived before `offset`; None if there is none.

    The order is that of arrival, so that a redelivery finds the same turn. Only the last messages are searched: a
    counsellor who was silent for that long is not being answered.
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
    """Yield the texts that arrived before `offset`, the last first: those of the batch, then those already kept."""
    for place in reversed(spoken):
        if place < offset:
            yield spoken[place]
    for entry in conversation.entries_newest_first():
        if entry.offset < offset and entry.offset not in spoken and not entry.deleted:
            yield entry.role, entry.text
