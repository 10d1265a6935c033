"""The form that each field of a payload must have, in words for the developers of a platform.

A 422 says it beside the place that is wrong, and docs/webhook.md holds every sentence of it; a test compares the three.
"""

from typing import Final

from plugin.adapters.payloads import MAX_NAMES, MAX_PARTICIPANTS, MAX_REFERENCE, PAYLOADS
from stream.contracts.base import MAX_TEXT_CODE_POINTS
from stream.contracts.outcomes import RANGES, Instrument, Occasion
from stream.contracts.vocabulary import Role

_REFERENCE: Final = f"a string of 1 to {MAX_REFERENCE} characters, without NUL; a number goes into quotes"
_TIME: Final = "date, time and offset, such as 2026-03-02T19:00:30.250+01:00; no number, no time without an offset"

WANTED: Final[dict[str, str]] = {
    "type": f"one of {', '.join(PAYLOADS)}",
    "conversation_id": _REFERENCE,
    "author": _REFERENCE,
    "message_id": "a string of 1 to 255 visible ASCII characters; a number goes into quotes",
    "role": f"one of {', '.join(Role)}",
    "text": f"a string of at most {MAX_TEXT_CODE_POINTS:,} characters, without NUL; not null, but it may be empty",
    "sent_at": _TIME,
    "edited_at": _TIME,
    "deleted_at": _TIME,
    "withdrawn_at": _TIME,
    "ended_at": _TIME,
    "given_at": _TIME,
    "outcome_id": "a string of 1 to 255 visible ASCII characters; a number goes into quotes",
    "instrument": f"one of {', '.join(Instrument)}",
    "score": "a number, " + ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in RANGES.items()),
    "occasion": f"one of {', '.join(Occasion)}",
    "given_by": "one of client, counsellor",
    "session_id": "the id that Counterpoint gave the session; leave it out where you do not know it",
    "consent": "an object with processing and, if you like, secondary_use",
    "processing": "true or false",
    "secondary_use": "true or false",
    "language": "a BCP 47 tag such as en or pt-BR; leave it out where you do not know it",
    "participants": f"a list of at most {MAX_PARTICIPANTS} objects with role and names, {MAX_NAMES} names in all",
    "names": f"a list of at most {MAX_PARTICIPANTS} strings of 1 to 200 characters, without NUL",
    "payload": "one JSON object",
    "value": "JSON in UTF-8, without a byte order mark, NaN or half of a surrogate pair",
}


def wanted_form(place: str) -> str:
    """Return the form of what stands at a place such as `participants.0.names.3`, or nothing if none is known."""
    names = [part for part in place.split(".") if not part.isdigit()]
    return WANTED.get(names[-1], "") if names else ""
