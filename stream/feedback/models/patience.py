"""Asking a model about one input until it answers, or until the input counts as at fault."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from stream.contracts.errors import Unavailable
from stream.feedback.models.base import RequestFailed

MAX_FAILED_REQUESTS = 3
"""Failed requests of one input, with the model there, until it counts as at fault."""
MAX_OUTAGES = 10
"""Outages that one input's requests may meet. An input that brings the model down each time must not hold its
partition for ever; an outage that comes by chance is met once or twice."""

Result = TypeVar("Result")


class Availability(Protocol):
    """Whatever admits requests to the model: `ModelAvailability` for a stage, which waits while the model is away."""

    async def wait_until_seen(self) -> None:
        """Return once a canary has passed: then the model's version is known."""

    async def request(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask once.

        Raises:
            RequestFailed: the model is there, and the request failed all the same.
            Unavailable: the request failed in an outage, which says nothing about its input.
        """


async def ask_until_answered(availability: Availability, ask: Callable[[], Awaitable[Result]]) -> Result | None:
    """Return the answer; None once the input counts as at fault."""
    failures = outages = 0
    while failures < MAX_FAILED_REQUESTS and outages < MAX_OUTAGES:
        try:
            return await availability.request(ask)
        except Unavailable:
            outages += 1
        except RequestFailed:
            failures += 1
    return None
