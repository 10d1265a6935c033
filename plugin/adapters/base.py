"""The seam between a chat platform and the messages topic: verify, parse, normalise, session end.

A new platform is one small module with these four functions. `tests/plugin/adapters/test_contract.py` holds every
adapter to the same rules; add yours to its list.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd

Content = Message | Edit | Deletion | Participants | ConsentWithdrawal
"""What is said and shown in a session, and who may read it."""

PlatformEvent = Content | SessionEnd
"""What a platform may tell us; an erasure is asked for by an operator, never by a webhook."""

Payload = TypeVar("Payload")


class Adapter(Protocol[Payload]):
    """One chat platform. All four functions are pure: the clock, the secrets and the keys are passed in."""

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, tolerance: timedelta
    ) -> str:
        """Hold the raw body against its signature, before anything reads it.

        `headers` finds a name given in lower case. `secrets` are those live now: two while one is being replaced.
        A delivery signed more than `tolerance` before or after `now` is refused.

        Returns:
            The delivery's id, the same on every retry of it.

        Raises:
            Denied: whatever is wrong; its `why` is for the log alone.
        """

    def parse(self, raw: bytes) -> Payload:
        """Read a verified body.

        Raises:
            Poison: with a reason and a place, never with content.
        """

    def normalise(self, payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a payload into records of the messages topic, with pseudonyms in place of references to people."""

    def session_end(self, payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """The end of a session, if this payload says so.

        A platform that never says so leaves closing to idleness, which is on by default (`sessions.end_rule`).
        """


def records(adapter: Adapter[Payload], payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> list[PlatformEvent]:
    """Everything one payload tells, in the order in which it is to be published: an end comes last."""
    content: list[PlatformEvent] = list(adapter.normalise(payload, tenant, pseudonyms))
    end = adapter.session_end(payload, tenant, pseudonyms)
    return content if end is None else [*content, end]
