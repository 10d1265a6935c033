"""A question to the reader about one revision of a client's message, and the de-identified words that it is shown."""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import chain
from typing import Final

from stream.feedback.deidentification.deidentify import Deidentifier, sure_names
from stream.feedback.models.reader import Pair
from stream.sessions.conversation import Conversation
from stream.sessions.scoring import counsellor_turn_at
from stream.sessions.state import Entry
from stream.sessions.transcript import transcript

# Characters that the reader reads, as in its training and in the baseline (feedback_baseline/1/moment.py).
BEFORE_CHARACTERS: Final = 500
TEXT_CHARACTERS: Final = 1_000
_MOST_REMEMBERED: Final = 20_000  # messages: an hour of a busy day, with hardly a name in each
PIECE_OVERLAP: Final = 100
"""Characters that two pieces of a long message share, so that few words are cut in two."""


class Outcome(StrEnum):
    """What became of a client's message; the values are those of a metric's label."""

    LEXICON = "lexicon"
    """The word list had heard it, so nothing was asked."""
    RAISED = "raised"
    QUIET = "quiet"
    """The reader heard nothing."""
    SUPERSEDED = "superseded"
    """It was edited, deleted, withdrawn or erased before it was asked about."""
    NOT_ASKED = "not_asked"
    """It has no words, is in a language that the reader does not know, or its names were not told and must be."""
    PASSED_OVER = "passed_over"
    """The reader was away or too slow for too long: the message was heard by lexicon alone."""
    FAILED = "failed"
    """The reader is there and brings no answer to this message: it was heard by lexicon alone, too."""


@dataclass(frozen=True, slots=True)
class Question:
    """A revision of a client's message that no word list has heard. Its words stay with its conversation."""

    partition: int
    offset: int
    """The place of the record that brought these words, and the name of the question within its partition."""
    appended_ms: int
    tenant: str
    conversation_id: str
    message_id: str
    trace: bytes = field(repr=False)


def entry_of(question: Question, conversation: Conversation) -> Entry | None:
    """Return the message as it is now; None if it was deleted, edited, withdrawn or erased since the question."""
    entry = conversation.entry(question.message_id)
    return None if entry is None or entry.deleted or entry.touched != question.offset else entry


class RecognisedNames:
    """The names that were recognised in messages, by a hash of their words: reading a message takes a millisecond."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()

    def of(self, text: str) -> tuple[str, ...]:
        """Return the names in a message."""
        key = blake2b(text.encode(), digest_size=16).digest()
        found = self._found.get(key)
        if found is None:
            self._found[key] = found = sure_names(text)
            if len(self._found) > _MOST_REMEMBERED:
                self._found.popitem(last=False)
        return found


def pairs_to_read(conversation: Conversation, entry: Entry, names: RecognisedNames) -> tuple[Pair, ...]:
    """Return what the reader is shown of a message, in pieces if it is long; nothing of one without words.

    Each piece comes after the end of the counsellor's turn before the message. Names and identifiers are replaced as
    before a session is rated: those that the platform told, and those that are recognised in what was written in the
    session so far.
    """
    session = conversation.session_of(entry.message_id)
    recognised = chain.from_iterable(names.of(each.text) for each in transcript(conversation.entries(session)))
    deidentifier = Deidentifier(conversation.head.names, recognised=recognised)
    before = deidentifier.apply(counsellor_turn_at(conversation, entry.offset) or "").text.strip()
    text = deidentifier.apply(entry.text).text.strip()
    return tuple((before[-BEFORE_CHARACTERS:], piece) for piece in pieces(text))


def pieces(text: str) -> list[str]:
    """Return a text in pieces that the reader reads as a whole; none of an empty one."""
    step = TEXT_CHARACTERS - PIECE_OVERLAP
    starts = range(0, max(len(text) - PIECE_OVERLAP, 1), step) if text else ()
    return [text[start : start + TEXT_CHARACTERS] for start in starts]
