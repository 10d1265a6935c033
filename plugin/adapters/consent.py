"""The consent of a platform that has no field for it: what the tenant's settings say about a field and about channels.

A grant counts from when it was given on. What is not known to be consented to is not processed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from stream.contracts.base import Utc
from stream.contracts.messages import Consent
from stream.runtime.settings import ConsentSettings

EVERY_CHANNEL: Final = "*"
_YES: Final = frozenset({"true", "yes"})
_TIME: Final[TypeAdapter[datetime]] = TypeAdapter(Utc)


@dataclass(frozen=True)
class ConsentRule:
    """The rule of one tenant: the field of the platform that holds consent, and channels where everybody consented.

    A field that is set decides alone: `true` or `yes`, or the time from which the client consents. Any other value,
    an unclear one too, means no.
    """

    field: str
    channels: frozenset[str]

    @classmethod
    def of(cls, settings: ConsentSettings) -> "ConsentRule":
        """Return the rule that the settings state."""
        return cls(settings.field, frozenset(settings.channels))

    def of_now(self, fields: Mapping[str, object], channels: Collection[str], at: datetime) -> Consent:
        """Return the consent of something that happens now, at the platform's time `at`."""
        value = self._value(fields)
        given = self._is_default(channels) if value is None else _is_yes(value) or _is_since(value, at)
        return Consent(processing=given)

    def of_then(self, fields: Mapping[str, object], channels: Collection[str], at: datetime) -> Consent:
        """Return the consent of something that happened at `at` and is read only afterwards, with today's fields.

        A bare `true` does not say since when, so it says nothing of what was before.
        """
        value = self._value(fields)
        return Consent(processing=self._is_default(channels) if value is None else _is_since(value, at))

    def is_refused(self, fields: Mapping[str, object], at: datetime) -> bool:
        """Return whether the field is set and holds no consent at `at`: the client was asked and did not agree."""
        value = self._value(fields)
        return value is not None and not _is_yes(value) and not _is_since(value, at)

    def _value(self, fields: Mapping[str, object]) -> object:
        """Return the value of the field, or None where it is not set."""
        value = fields.get(self.field) if self.field else None
        return None if isinstance(value, str) and not value.strip() else value

    def _is_default(self, channels: Collection[str]) -> bool:
        return EVERY_CHANNEL in self.channels or not self.channels.isdisjoint(channels)


def _is_yes(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().casefold() in _YES)


def _is_since(value: object, at: datetime) -> bool:
    try:
        return _TIME.validate_python(value) <= at
    except ValidationError:
        return False
