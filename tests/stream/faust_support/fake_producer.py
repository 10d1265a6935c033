"""A producer in place of a Faust app's own: it raises the given errors, then keeps what is sent."""

from types import SimpleNamespace
from typing import Any, cast

import faust


class FakeProducer:
    """Keeps what is sent, after raising each of the given errors once."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[Any, ...]] = []

    async def send_and_wait(self, *arguments: Any) -> None:
        """Raise the next error, or keep the arguments."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(arguments)


def app_with(producer: FakeProducer) -> faust.App:
    """Return an app with the producer, and nothing else."""
    return cast("faust.App", SimpleNamespace(producer=producer))
