"""The plain values of rehearsals: what a therapist and a written client said, and how each reply was rated."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugin.queue.practice_views import PractisedReply, Rated
from plugin.written_client.client import ClientTurn, WrittenClient, next_turn
from plugin.written_client.turns import Ending
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import Level, Role

TENANT = "rehearsal"
"""What stands for a platform where a model is asked: nothing of a rehearsal belongs to any."""
MAX_CONTEXT = 10
"""Messages before the client's turn that a model is shown, as of any exchange."""


@dataclass(frozen=True)
class RehearsedReply:
    """One reply of a therapist, how it was rated, and what the client said then; nothing while it is a draft."""

    number: int
    at: datetime
    rated: Rated
    text: str = field(repr=False)
    then: ClientTurn | None


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal as its therapist reads it."""

    rehearsal_id: UUID
    begun_at: datetime
    client: WrittenClient
    opening: str = field(repr=False)
    """What the counsellor had said before."""
    first: ClientTurn
    replies: tuple[RehearsedReply, ...]
    draft: RehearsedReply | None = None
    """The words that no model has answered yet."""

    @property
    def turn(self) -> ClientTurn:
        """The client's latest turn."""
        return next((reply.then for reply in reversed(self.replies) if reply.then is not None), self.first)

    @property
    def ending(self) -> Ending | None:
        """How it ended, if it has."""
        return self.turn.state.ending

    @property
    def next_number(self) -> int:
        """The number of the reply that comes next."""
        return len(self.replies) + 1

    def after(self, rated: Rated) -> ClientTurn | None:
        """Return what the client says after a reply that was rated so; nothing until a model has answered."""
        return None if rated.answer is None else next_turn(self.client, self.turn.state, levels_of(rated))

    def practised(self, text: str, therapist: str) -> PractisedReply:
        """Return a reply to the client's latest turn as a model is asked about it."""
        said = [(Role.COUNSELLOR, self.opening), (Role.CLIENT, self.first.text)]
        for reply in self.replies:
            said.append((Role.COUNSELLOR, reply.text))
            if reply.then is not None:
                said.append((Role.CLIENT, reply.then.text))
        *context, (_, client_turn) = said
        return PractisedReply(
            tenant=TENANT,
            session_id=self.rehearsal_id,
            context=tuple(context[-MAX_CONTEXT:]),
            client_turn=(client_turn,),
            reply=text,
            therapist=therapist,
        )


def levels_of(rated: Rated) -> list[Level]:
    """Return the levels that a reply was given; none where the model rated nothing."""
    if not isinstance(rated.answer, Assessment):
        return []
    return [rating.level for rating in rated.answer.ratings if rating.level is not None]


class Speaker(Protocol):
    """Whatever words a client's turns otherwise than they were written."""

    async def word(self, practised: PractisedReply, client: WrittenClient, turn: ClientTurn) -> ClientTurn:
        """Return the turn that follows a reply in other words, or as it is."""

    async def close(self) -> None:
        """Close the connections to the model."""
