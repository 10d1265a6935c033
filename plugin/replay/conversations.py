"""A conversation to be replayed: webhook payloads without their times, and when each comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError

from plugin.adapters.payloads import PAYLOADS
from stream.contracts.errors import Misconfigured
from stream.runtime.codec import poison_of

TYPING_WORDS_PER_MINUTE = 40
"""An average typist; it supplies the times where a source has none."""
MIN_STEP_S = 1.0
"""Between two events: the resolution of the sources' clocks, so that equal or disordered times keep their order."""

TIME_FIELD = {
    "message": "sent_at",
    "edit": "edited_at",
    "deletion": "deleted_at",
    "consent_withdrawal": "withdrawn_at",
    "session_end": "ended_at",
}
"""Which field of a payload holds its time; `participants` has none."""

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC).isoformat()

Payload = Mapping[str, object]


@dataclass(frozen=True)
class Step:
    """One event, `at_s` seconds after the conversation's start."""

    at_s: float
    payload: Payload = field(repr=False)


@dataclass(frozen=True)
class Conversation:
    """One conversation of a source. `place` says where it stands in the source."""

    reference: str
    place: str
    steps: tuple[Step, ...]

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the last event."""
        return self.steps[-1].at_s


def conversation(reference: str, place: str, events: Iterable[tuple[float | None, Payload]]) -> Conversation:
    """Give every event its time and close the conversation if its source does not.

    An event without a time follows its predecessor after the time it takes to type it.
    """
    steps: list[Step] = []
    before = -MIN_STEP_S
    for at_s, payload in events:
        before = max(before + MIN_STEP_S, before + typing_s(payload) if at_s is None else at_s)
        steps.append(Step(before, payload))
    if steps[-1].payload["type"] != "session_end":
        steps.append(Step(before + MIN_STEP_S, {"type": "session_end", "conversation_id": reference}))
    return Conversation(reference, place, tuple(steps))


def typing_s(payload: Payload) -> float:
    """Seconds it takes to type the payload's text; 0 where it has none."""
    return len(str(payload.get("text", "")).split()) * 60 / TYPING_WORDS_PER_MINUTE


def check(payload: Payload, place: str) -> None:
    """Hold a payload against the webhook's schema, its missing time aside.

    Raises:
        Misconfigured: saying where in the source it stands and which field is wrong, never with its content.
    """
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in PAYLOADS:
        raise Misconfigured(f"{place}: type is none of {', '.join(PAYLOADS)}.")
    try:
        PAYLOADS[kind].model_validate({TIME_FIELD.get(kind, ""): _ANY_TIME} | dict(payload))
    except ValidationError as error:
        poison = poison_of(error)
        raise Misconfigured(f"{place}: {poison.place} is wrong ({poison.reason.value}).") from None
