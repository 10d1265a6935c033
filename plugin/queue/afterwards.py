"""What the client wrote after a reply: an observation by the rule on this page, never a cause.

The rule reads the client turns that follow the reply, three at most; where another counsellor writes, it stops, since
what comes then answers somebody else. The next turn decides:

1. it is itself a confirmed moment: *resisted again*;
2. it has at most five words: *answered briefly*;
3. it is any other turn: *went on*;
4. there is none before the end of the session: *ended*;
5. it cannot be told: *not known*.

The database holds the messages that moments and marks need, not the whole session. So a stored message counts as the
next one only where every client message of the session is stored, or where an exchange holds both, since an exchange
has no gap. An exchange whose messages were changed since it was read proves nothing: one of them may have been deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plugin.queue.views import Afterwards, AfterwardsKind, MessageView
from stream.contracts.vocabulary import Role
from stream.reading import count_words

MAX_TURNS: Final = 3
"""Client turns after a reply that are looked at: later ones answer other replies."""
BRIEF_WORDS: Final = 5
"""Words of a brief answer: enough for "yes, I think so", too few for a matter of the client's own."""


@dataclass(frozen=True)
class StoredTalk:
    """What is stored of a session's talk."""

    messages: Sequence[MessageView]
    """In the order of the session."""
    exchanges: Sequence[frozenset[str]]
    """The message ids of each exchange that is unchanged since it was read."""
    moments: frozenset[str]
    """The ids of the messages with which a confirmed moment begins, of those that the reader may know of."""
    client_messages: int
    """The number of client messages in the session, stored or not."""
    ended_at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether every client message of the session is stored."""
        return sum(message.role is Role.CLIENT for message in self.messages) == self.client_messages

    @property
    def has_its_end(self) -> bool:
        """Whether no client message can follow the last message that is stored."""
        return self.is_whole or self.messages[-1].sent_at == self.ended_at

    def are_neighbours(self, one: MessageView, next_one: MessageView) -> bool:
        """Whether no client message lies between two stored messages with none between them."""
        return self.is_whole or any({one.message_id, next_one.message_id} <= ids for ids in self.exchanges)


def afterwards(talk: StoredTalk, reply: Sequence[str]) -> Afterwards:
    """Return what the client wrote after the reply with these message ids."""
    turns, is_end = _next_turns(talk, reply)
    if not turns:
        return Afterwards(AfterwardsKind.ENDED if is_end else AfterwardsKind.NOT_KNOWN)
    return Afterwards(_kind(talk, turns[0]), tuple(tuple(message.message_id for message in turn) for turn in turns))


def _kind(talk: StoredTalk, turn: Sequence[MessageView]) -> AfterwardsKind:
    if turn[0].message_id in talk.moments:
        return AfterwardsKind.RESISTED_AGAIN
    brief = sum(count_words(message.text) for message in turn) <= BRIEF_WORDS
    return AfterwardsKind.ANSWERED_BRIEFLY if brief else AfterwardsKind.WENT_ON


def _next_turns(talk: StoredTalk, reply: Sequence[str]) -> tuple[list[list[MessageView]], bool]:
    """Return the client turns that surely follow the reply, and whether the session ends after them."""
    turns: list[list[MessageView]] = []
    places = [at for at, message in enumerate(talk.messages) if message.message_id in reply]
    if not places:
        return turns, False
    last = replied = talk.messages[places[-1]]
    for message in talk.messages[places[-1] + 1 :]:
        if message.role is Role.SYSTEM:  # a notice is no turn
            continue
        is_another = message.role is Role.COUNSELLOR and message.author != replied.author
        if is_another or not talk.are_neighbours(last, message):
            return turns, False
        if message.role is Role.CLIENT:
            if last.role is Role.CLIENT:
                turns[-1].append(message)
            elif len(turns) == MAX_TURNS:
                return turns, False
            else:
                turns.append([message])
        last = message
    return turns, talk.has_its_end
