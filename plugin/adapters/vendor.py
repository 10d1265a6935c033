"""What the payloads of vendors' platforms have in common: ids that are numbers, times in several forms, names.

The payload models of these platforms name only the fields that are read; all others are ignored.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from plugin.adapters.payloads import MAX_PARTICIPANTS, Reference
from stream.contracts.base import Contract, MessageId, Name, Text, Utc
from stream.contracts.errors import Poison
from stream.contracts.messages import Participant
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.codec import poison_of, read_json

MILLISECONDS_FROM: Final = 100_000_000_000
"""A number from here on is a time in milliseconds: in seconds it would be the year 5138."""

_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)
# What Chatwoot and Rocket.Chat call a visitor who has given no name; its words are everyday ones.
_MADE_UP_NAME: Final = re.compile(r"guest-\d+|[a-z]+-[a-z]+-\d{1,4}")


def _text_of_number(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _time_of_number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000 if value >= MILLISECONDS_FROM else value, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError("the time lies outside the calendar") from None
    return re.sub(r" ?UTC$", "Z", value) if isinstance(value, str) else value


def _text_of_nothing(value: object) -> object:
    return "" if value is None else value


VendorId = Annotated[Reference, BeforeValidator(_text_of_number)]
"""A platform's id of a conversation or a person, which may be a number."""

VendorMessageId = Annotated[MessageId, BeforeValidator(_text_of_number)]
"""A platform's id of a message, which may be a number."""

Moment = Annotated[Utc, BeforeValidator(_time_of_number)]
"""A time that is written out with its offset, or in seconds or milliseconds since 1970."""

VendorText = Annotated[Text, BeforeValidator(_text_of_nothing)]
"""The text of a message; empty for one that is an attachment alone."""

Fields = Annotated[dict[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})]
"""Fields that the operator of the platform may define; anything else than an object has none."""

Model = TypeVar("Model", bound=Contract)


def read_object(raw: bytes) -> Mapping[str, Any]:
    """Read a body that must be a JSON object.

    Raises:
        Poison: It is none.
    """
    value = read_json(raw)
    if not isinstance(value, dict):
        raise Poison(DeadLetterReason.BAD_SCHEMA, "payload", "one JSON object")
    return value


def read_model(model: type[Model], value: object) -> Model:
    """Read a payload, or a part of one, into its model.

    Raises:
        Poison: A field is missing or has another form, with its place and never its content.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise poison_of(error) from None


def participant(role: Role, names: Iterable[str | None]) -> tuple[Participant, ...]:
    """Return a person by the names that the platform knows, as a tuple of one; empty where it knows none."""
    told = tuple(dict.fromkeys(name for name in names if name and _is_told(name)))[:MAX_PARTICIPANTS]
    return (Participant(role=role, names=told),) if told else ()


def _is_told(name: str) -> bool:
    """Whether a name may be kept, and was not made up by the platform."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return bool(name.strip()) and not _MADE_UP_NAME.fullmatch(name)
