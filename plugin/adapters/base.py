"""The interface between a chat platform and the messages topic: headers, verify, parse, normalise, session end.

A new platform is one small module with these functions; it may live in a package of its own (docs/adapters.md).
`plugin/adapter_contract` holds every adapter to the same rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar

from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import CounterpointError, Denied
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.outcomes import Outcome

Content = Message | Edit | Deletion | Participants | ConsentWithdrawal | Outcome
"""The events other than a session's end: messages, their changes, participants, withdrawals of consent, outcomes."""

PlatformEvent = Content | SessionEnd
"""The events that a platform may send; an erasure is requested by an operator, never by a webhook."""

Payload = TypeVar("Payload")

MIN_SECRET_CHARACTERS = 20
"""Of a secret that is used as it is written: 20 of 64 characters are 120 bits. Chatwoot makes 24, Twilio 32."""


class Lack(StrEnum):
    """Something that the webhooks of a platform do not have; docs/adapters.md says of each what it means."""

    SIGNED_BODY = "signed_body"
    SIGNED_TIME = "signed_time"
    EDITS = "edits"
    DELETIONS = "deletions"
    NAMES = "names"
    ENCRYPTED_ROOMS = "encrypted_rooms"


class DeniedOpenly(Denied):
    """A denial whose reason the sender may know, since it follows from what was sent alone, whoever sent it."""

    def __init__(self, place: str, fault: str, wanted: str) -> None:
        super().__init__(f"{place} {fault}")
        self.place = place
        self.wanted = wanted


class Unreadable(CounterpointError):  # noqa: N818 - named by what the event is
    """An event whose words its people have encrypted end to end: it is counted and left out, and nothing can mend it.

    `conversation_id` is the pseudonym of the conversation, by which the log names it once.
    """

    def __init__(self, conversation_id: str) -> None:
        super().__init__("the words are encrypted end to end")
        self.conversation_id = conversation_id


@dataclass(frozen=True)
class SignedHeaders:
    """What the headers of a delivery say of it before its body has come; nothing of it is verified yet."""

    delivery: str
    """The delivery's id, which is the same on every retry; empty for a platform that sends none."""
    signed_at: datetime | None
    """None for a platform that signs no time (`Lack.SIGNED_TIME`): the times in its events must do."""
    signatures: tuple[str, ...] = field(repr=False)


class Adapter(Protocol[Payload]):
    """The adapter of one chat platform: pure functions that get the clock, the secrets and the keys passed in.

    An adapter inherits from it, and so has the defaults below.
    """

    lacks: frozenset[Lack] = frozenset()
    """What the platform's webhooks do not have. `counterpoint check` names it to the operator."""
    marks: tuple[str, ...] = ()
    """Names of headers, in lower case, by which a delivery of the platform is known before its tenant is looked up."""
    accepted_status: ClassVar[int] = 202
    """The status of the answer to what was accepted; some platforms take no other than 200 for success."""

    def secret_fault(self, secret: str) -> str:
        """Return what is wrong with a secret from the settings, as the end of a sentence; empty if nothing is."""
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            return "a secret is visible ASCII characters without blanks."
        if len(secret) < MIN_SECRET_CHARACTERS:
            return f"a secret has at least {MIN_SECRET_CHARACTERS} characters."
        return ""

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Check the form of the headers, and that they were signed within `tolerance` before or after `now`.

        `headers` is looked up with lower-case names. This comes before the body is read, so that what cannot be valid
        costs nothing.

        Raises:
            DeniedOpenly: A header is missing or malformed, or the delivery is too old or from the future.
        """

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Check the signature of the raw body before anything reads the body.

        `secrets` are the valid ones: two while one is being replaced. A delivery to an unknown tenant is verified with
        a random one.

        Raises:
            Denied: The delivery is not valid; the reason in `why` is only for the log.
        """

    def parse(self, raw: bytes) -> Sequence[Payload]:
        """Read a verified body into its payloads, in their order; none where the body holds nothing of interest.

        Raises:
            Poison: The body is not what the platform sends; the error has a reason, a place and the wanted form,
                never content.
        """

    def normalise(self, payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn a payload into records of the messages topic, with pseudonyms in place of references to people."""

    def session_end(self, payload: Payload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the end of the session if this payload announces it, otherwise None.

        Sessions of a platform that never announces an end close by idleness, the default of `sessions.end_rule`.
        """


def read_events(
    adapter: Adapter[Payload], payloads: Sequence[Payload], tenant: str, pseudonyms: Pseudonyms
) -> list[PlatformEvent]:
    """Return the events of a delivery in the order in which they are published, with a payload's session end last."""
    events: list[PlatformEvent] = []
    for payload in payloads:
        events += adapter.normalise(payload, tenant, pseudonyms)
        end = adapter.session_end(payload, tenant, pseudonyms)
        if end is not None:
            events.append(end)
    return events
