"""The seam to feedback models: a de-identified exchange in, an answer out. Each adapter is a file beside this one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from stream.contracts.errors import CounterpointError, Unavailable
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import Role
from stream.feedback.models.answer import ModelAnswer, UnusableAnswer

Clock = Callable[[], float]
"""Seconds that only ever grow."""


class ExchangePart(StrEnum):
    """The part of an exchange that a message belongs to."""

    CONTEXT = "context"
    CLIENT_TURN = "client_turn"
    REPLY = "reply"


@dataclass(frozen=True)
class ShownMessage:
    """A message as a model sees it: de-identified, normalised, under a number counted from 1."""

    number: int
    part: ExchangePart
    role: Role
    text: str = field(repr=False)


@dataclass(frozen=True)
class ShownExchange:
    """All messages of one exchange that a model sees, in order."""

    messages: tuple[ShownMessage, ...]

    @property
    def is_answered(self) -> bool:
        """Whether there is a reply; without one a model gives its verdict on the client turn and rates nothing."""
        return any(message.part is ExchangePart.REPLY for message in self.messages)

    @property
    def is_opening(self) -> bool:
        """Whether the client had written nothing before the turn, as far as is shown."""
        return all(message.role is not Role.CLIENT for message in self.messages if message.part is ExchangePart.CONTEXT)

    def message(self, number: int) -> ShownMessage | None:
        """The message under a number, or None where a model made one up."""
        return self.messages[number - 1] if 1 <= number <= len(self.messages) else None


@dataclass(frozen=True)
class Deadline:
    """The end of one request: queue, connection and stream together. `at` is in seconds of `clock`."""

    at: float
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Clock = time.monotonic) -> "Deadline":
        """The deadline `seconds` from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left, at least a millisecond, since gRPC takes 0 for "no limit"."""
        return max(self.at - self.clock(), 0.001)


class RequestFailed(CounterpointError):  # noqa: N818 - named by what the caller does: ask the canary whose fault it is
    """A request without an answer. `code` is a code such as a gRPC status, never the server's message."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the model request failed: {code}")
        self.code = code


class ModelUnavailable(Unavailable):
    """The model brings no answer to anybody. `code` is a code, as in `RequestFailed`; `what` names the model."""

    def __init__(self, code: str, what: str = "the feedback model") -> None:
        super().__init__(f"{what} ({code})")
        self.code = code


class FeedbackModel(Protocol):
    """A model behind the seam. One object serves many requests side by side."""

    @property
    def version(self) -> ModelVersion:
        """The version of everything that decides the model's answers."""

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """Ask for feedback on one exchange.

        `repair` says in our own words what was wrong with the answer before; it never holds chat text.

        Raises:
            Unusable: there is an answer, but it cannot be read.
            RequestFailed: there is none; `canary` tells whether the model is away or the input is at fault.
        """

    async def canary(self, deadline: Deadline) -> None:
        """Ask for feedback on a fixed, made-up exchange: a real inference, for readiness lies.

        Raises:
            ModelAway: it brought no answer that can be read.
            Misconfigured: the model is there, but is not the one this version speaks to.
        """

    async def reload(self, deadline: Deadline) -> bool:
        """Make the server reload the failing model; False if there is no server, or it is loading the model already.

        Raises:
            RequestFailed: the server does not let us, or could not.
        """

    async def close(self) -> None:
        """Close the connections."""


CANARY = ShownExchange(
    (
        ShownMessage(
            1, ExchangePart.CONTEXT, Role.COUNSELLOR, "Last time we thought about a sleep diary. How did it go?"
        ),
        ShownMessage(
            2, ExchangePart.CLIENT_TURN, Role.CLIENT, "I didn't do it. I don't see what a diary is supposed to change."
        ),
        ShownMessage(
            3, ExchangePart.REPLY, Role.COUNSELLOR, "It sounds like one more task with nothing in it for you so far."
        ),
    )
)
"""What every canary asks about. Written by us; nobody's words."""


async def ask_canary(model: FeedbackModel, deadline: Deadline) -> None:
    """Make one real inference on `CANARY`.

    Raises:
        ModelAway: it brought no answer that can be read.
    """
    try:
        await model.assess(CANARY, deadline=deadline)
    except RequestFailed as error:
        raise ModelUnavailable(error.code) from None
    except UnusableAnswer as error:
        raise ModelUnavailable(f"its canary answer cannot be used: {error.code}") from None
