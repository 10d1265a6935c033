"""The order of a session's messages and its client turns, as pure functions that run at the close."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stream.contracts.vocabulary import NeedsHuman, Role
from stream.sessions.rules import CONTEXT_MESSAGES
from stream.sessions.state import Entry


@dataclass(frozen=True)
class ClientTurn:
    """A client turn with the context before it and the reply after it; `reply` is empty if there was none."""

    context: tuple[Entry, ...] = field(repr=False)
    messages: tuple[Entry, ...] = field(repr=False)
    reply: tuple[Entry, ...] = field(repr=False)

    @property
    def flagged(self) -> bool:
        """Whether any message of the turn is flagged."""
        return any(e.scored is not None and e.scored.flagged for e in self.messages)

    @property
    def score(self) -> float:
        """The highest score of the turn's messages."""
        return max((e.scored.score for e in self.messages if e.scored is not None), default=0.0)

    @property
    def counsellor(self) -> str | None:
        """The author of the reply, if exactly one counsellor wrote it; otherwise None."""
        authors = {e.author for e in self.reply if e.role is Role.COUNSELLOR}
        return authors.pop() if len(authors) == 1 else None

    @property
    def reply_needs_human(self) -> NeedsHuman | None:
        """The reason why no counsellor can learn from the reply; None for a reply of one counsellor."""
        if not any(e.role is Role.COUNSELLOR for e in self.reply):
            return NeedsHuman.REPLY_BY_SYSTEM
        return NeedsHuman.REPLY_BY_SEVERAL if self.counsellor is None else None


def transcript(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the messages that are not deleted, by the time they were sent; at equal times in the order of arrival."""
    return tuple(sorted((e for e in entries if not e.deleted), key=lambda e: (e.sent_at, e.offset)))


def client_turns(messages: Sequence[Entry]) -> list[ClientTurn]:
    """Return the client turns of a session, in order.

    A turn is a maximal run of one role. A system message (a notice, a bot) next to counsellor messages is no turn: it
    neither hides nor splits the counsellor's reply. Where no counsellor writes and the client continues after a system
    message, that message was the reply. After the client's last message it is no reply: a notice that somebody left
    answers nothing.
    """
    turns: list[ClientTurn] = []
    start = 0
    client: list[Entry] = []
    reply: list[Entry] = []
    notices: list[Entry] = []

    def end_turn(answer: list[Entry]) -> None:
        if client:
            context = messages[max(0, start - CONTEXT_MESSAGES) : start]
            turns.append(ClientTurn(tuple(context), tuple(client), tuple(answer)))

    for index, entry in enumerate(messages):
        if entry.role is Role.SYSTEM:
            if client and not reply:
                notices.append(entry)
        elif entry.role is Role.COUNSELLOR:
            if client:
                reply.append(entry)
        else:
            if reply or notices:
                end_turn(reply or notices)
                client, reply, notices = [], [], []
            if not client:
                start = index
            client.append(entry)
    end_turn(reply)
    return turns
