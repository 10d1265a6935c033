"""The interface between a chat platform and the messages topic: headers, verify, parse, normalise, session end.

A new platform is one small module with these five functions. `tests/plugin/adapters/test_contract.py` holds every
adapter to the same rules; add yours to its list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd

Content = Message | Edit | Deletion | Participants | ConsentWithdrawal
"""The events of a session other than its end: messages, their changes, participants and withdrawals of consent."""

PlatformEvent = Content | SessionEnd
"""The events that a platform may send; an erasure is requested by an operator, never by a webhook."""

Payload = TypeVar("Payload")


class DeniedOpenly(Denied):
    """A denial whose reason the sender may know, since it follows from what was sent alone, whoever sent it."""

    def __init__(self, place: str, fault: str, wanted: str) -> None:
        super().__init__(f"{place} {fault}")
        self.place = place
        self.wanted = wanted


@dataclass(frozen=True)
class SignedHeaders:
    """What the headers of a delivery say of it before its body has come; nothing of it is verified yet."""

    delivery: str
    """The delivery's id, which is the same on every retry."""
    signed_at: datetime
    signatures: tuple[str, ...] = field(repr=False)


class Adapter(Protocol[Payload]):
    """The adapter of one chat platform: five pure functions that get the clock, the secrets and the keys passed in."""

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Check the form of the headers, and that they were signed within `tolerance` before or after `now`.

        `headers` is looked up with lower-case names. This comes before the body is read, so that what cannot be valid
        costs nothing.

        Raises:
            DeniedOpenly: A header is missing or malformed, or the delivery is too old or from the future.
        """

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Check the signature of the raw body before anything reads the body.

        `secrets` are the valid ones: two while one is being replaced.

        Raises:
            Denied: The delivery is not valid; the reason in `why` is only for the log.
        """

    def parse(self, raw: bytes) -> Payload:
        """Read a verified body into a payload.

        Raises:
            Poison: The body is no payload; the error has a reason, a place and the wanted form, never content.
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
