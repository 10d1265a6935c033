"""The plain values of what therapists practise: a reply as a model is asked about it, and what the model says of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from plugin.queue.views import MessageView
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.vocabulary import Role


class Unrated(StrEnum):
    """Why no model has answered an attempt; the values are stored."""

    AWAY = "away"
    """The model was away, or did not answer in time."""
    TOO_MANY = "too_many"
    """The therapist had asked as often within the hour as anybody may."""


@dataclass(frozen=True)
class PractisedReply:
    """A reply that a therapist practises, with what it replies to, as a model is asked about it."""

    tenant: str
    """The platform of the session, or what else the words are for."""
    session_id: UUID
    context: tuple[tuple[Role, str], ...] = field(repr=False)
    client_turn: tuple[str, ...] = field(repr=False)
    reply: str = field(repr=False)
    therapist: str = field(repr=False)
    """The therapist's display name, which no model is told."""


@dataclass(frozen=True)
class Rewriting:
    """A moment with the reply that its therapist would give now, as a model is asked about it."""

    tenant: str
    session_id: UUID
    exchange_id: UUID
    revision: int
    """The session's revision that the therapist read."""
    context: tuple[MessageView, ...]
    client_turn: tuple[MessageView, ...]
    reply: str = field(repr=False)
    therapist: str = field(repr=False)
    """The therapist's display name, which no model is told."""

    @property
    def practised(self) -> PractisedReply:
        """The rewritten reply as a model is asked about it."""
        return PractisedReply(
            tenant=self.tenant,
            session_id=self.session_id,
            context=tuple((message.role, message.text) for message in self.context),
            client_turn=tuple(message.text for message in self.client_turn),
            reply=self.reply,
            therapist=self.therapist,
        )


@dataclass(frozen=True)
class Rated:
    """The model's answer to an attempt, or why there is none."""

    answer: Assessment | Abstention | None = None
    unrated: Unrated | None = None


@dataclass(frozen=True)
class Attempt:
    """One attempt as its author reads it; a draft while `rated` has no answer."""

    attempt_id: UUID
    exchange_id: UUID
    at: datetime
    rated: Rated
    text: str = field(repr=False)


class Rater(Protocol):
    """Whatever asks the feedback model about a practised reply."""

    async def rate(self, practised: PractisedReply) -> Assessment | Abstention | None:
        """Return the checked answer of the model; None where the model is away or too slow."""

    async def close(self) -> None:
        """Close the connections to the model."""
