"""The interface between a chat platform and the messages topic: verify, parse, normalise, session end.

A new platform is one small module with these four functions. `tests/plugin/adapters/test_contract.py` holds every
adapter to the same rules; add yours to its list.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd

Content = Message | Edit | Deletion | Participants | ConsentWithdrawal
"""The events of a session other than its end: messages, their changes, participants and withdrawals of consent."""

PlatformEvent = Content | SessionEnd
"""The events that a platform may send; an erasure is requested by an operator, never by a webhook."""

Payload = TypeVar("Payload")


class Adapter(Protocol[Payload]):
    """The adapter of one chat platform: four pure functions that get the clock, the secrets and the keys passed in."""

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, tolerance: timedelta
    ) -> str:
        """Check the signature of the raw body before anything reads the body.

        `headers` is looked up with lower-case names. `secrets` are the valid ones: two while one is being replaced.
        A delivery signed more than `tolerance` before or after `now` is refused.

        Returns:
            The delivery's id, which is the same on every retry.

        Raises:
            Denied: The delivery is not valid; the reason in `why` is only for the log.
        """

    def parse(self, raw: bytes) -> Payload:
        """Read a verified body into a payload.

        Raises:
            Poison: The body is no payload; the error has a reason and a place, never content.
        """

    def normalise(self, payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a payload into records of the messages topic, with pseudonyms in place of references to people."""

    def session_end(self, payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the end of the session if this payload announces it, otherwise None.

        Sessions of a platform that never announces an end close by idleness, the default of `sessions.end_rule`.
        """


def read_events(
    adapter: Adapter[Payload], payload: Payload, tenant: str, pseudonyms: Pseudonyms
) -> list[PlatformEvent]:
    """Return the events of one payload in the order in which they are published, with a session end last."""
    content: list[PlatformEvent] = list(adapter.normalise(payload, tenant, pseudonyms))
    end = adapter.session_end(payload, tenant, pseudonyms)
    return content if end is None else [*content, end]
