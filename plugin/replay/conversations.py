"""A recorded conversation for a replay: webhook payloads without their times, and the time at which each is due."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError

from plugin.adapters.payloads import PAYLOADS
from stream.contracts.errors import Misconfigured
from stream.reading import count_words
from stream.runtime.codec import poison_of

TYPING_WORDS_PER_MINUTE = 40
"""The pace of an average typist, from which times are computed where a source has none."""
MIN_STEP_S = 1.0
"""The least time between two events, the resolution of the sources' clocks, which keeps the order of equal times."""

TIME_FIELD = {
    "message": "sent_at",
    "edit": "edited_at",
    "deletion": "deleted_at",
    "consent_withdrawal": "withdrawn_at",
    "session_end": "ended_at",
    "outcome": "given_at",
}
"""The field of each payload type that holds its time; `participants` has none."""

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC).isoformat()

Payload = Mapping[str, object]


@dataclass(frozen=True)
class RecordedEvent:
    """An event that is due `at_s` seconds after the start of its conversation."""

    at_s: float
    payload: Payload = field(repr=False)


@dataclass(frozen=True)
class RecordedConversation:
    """A conversation of a source; `place` names the file it was read from."""

    reference: str
    place: str
    events: tuple[RecordedEvent, ...]

    @property
    def duration_s(self) -> float:
        """The seconds from the start of the conversation to its last event."""
        return self.events[-1].at_s


def recorded_conversation(
    reference: str, place: str, events: Iterable[tuple[float | None, Payload]]
) -> RecordedConversation:
    """Build a conversation with a time for every event, and add a session end if the source has none.

    An event without a time follows its predecessor after the time it takes to type it.
    """
    timed: list[RecordedEvent] = []
    before = -MIN_STEP_S
    for at_s, payload in events:
        before = max(before + MIN_STEP_S, before + typing_s(payload) if at_s is None else at_s)
        timed.append(RecordedEvent(before, payload))
    if timed[-1].payload["type"] != "session_end":
        timed.append(RecordedEvent(before + MIN_STEP_S, {"type": "session_end", "conversation_id": reference}))
    return RecordedConversation(reference, place, tuple(timed))


def typing_s(payload: Payload) -> float:
    """Return the seconds it takes to type the payload's text, or 0 if it has none."""
    return count_words(str(payload.get("text", ""))) * 60 / TYPING_WORDS_PER_MINUTE


def check_payload(payload: Payload, place: str) -> None:
    """Check a payload against the webhook's schema, except for its missing time.

    Raises:
        Misconfigured: The payload is wrong; the message names its place and the wrong field, never its content.
    """
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in PAYLOADS:
        raise Misconfigured(f"{place}: type is none of {', '.join(PAYLOADS)}.")
    try:
        PAYLOADS[kind].model_validate({TIME_FIELD.get(kind, ""): _ANY_TIME} | dict(payload))
    except ValidationError as error:
        poison = poison_of(error)
        raise Misconfigured(f"{place}: {poison.place} is wrong ({poison.reason.value}).") from None
