"""The common base of all records on topics: strict ids, UTC times, and text that stays out of `repr`."""

import re
from abc import abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from stream.contracts.ids import record_key

# Code points. Longer than any chat line people type (a page of prose is 3,000); ten of them with context
# still fit far below the 900 kB bound of a session record.
MAX_TEXT_CODE_POINTS = 20_000


# Dates and times with their separators: pydantic takes digits alone for seconds or milliseconds since 1970.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")

# The only fields that a `repr` may show.
_SHOWN = frozenset({"tenant", "message_id", "session_id", "exchange_id", "assessment_id", "revision", "state"})


def _spelt_out(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _TIME.match(value)):
        return value
    raise ValueError("a time is written as 2026-03-02T18:00:00+01:00, never as a number")


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from None


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("text holds a NUL character")
    return value


Tenant = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""An operator's own name for one platform: lower case, no colon, since it is the first half of the record key."""

Pseudonym = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.~-]{1,128}$")]
"""A keyed pseudonym of a person or a conversation; without the tenant's key it tells nothing about them."""

MessageId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
"""The platform's own id of a message: visible ASCII, unique inside its conversation."""

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 tag as the platform declares it; its first part decides whether the language is supported."""

Utc = Annotated[AwareDatetime, BeforeValidator(_spelt_out), AfterValidator(_utc)]
"""A time that was written out with its offset, in UTC. One without an offset, or in digits alone, is refused."""

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CODE_POINTS), AfterValidator(_without_nul)]
"""Text of a message, a quotation of one, or text of a model about one."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_without_nul)]
"""A person's name or handle, used only by the de-identifier."""


class Contract(BaseModel):
    """A record on a topic, or a part of one. Unknown fields are ignored, so a newer writer never stops a reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show only ids and states, so that neither a log nor a traceback can carry text of a chat."""
        for name in type(self).model_fields:
            if name in _SHOWN:
                yield name, getattr(self, name)


class TopicRecord(Contract):
    """A whole record on a topic, with the type and the id of its CloudEvent and the key that it is written under."""

    event_type: ClassVar[str]

    @property
    @abstractmethod
    def event_id(self) -> UUID | str:
        """The id of the record's CloudEvent, which is the same each time the record is written."""

    @property
    def key(self) -> bytes | None:
        """The key of the record on its topic; None for a record about a whole partition."""
        return None


class ConversationRecord(TopicRecord):
    """A record that belongs to one conversation."""

    tenant: Tenant
    conversation_id: Pseudonym

    @property
    def key(self) -> bytes:
        """The key of the record's conversation."""
        return record_key(self.tenant, self.conversation_id)
