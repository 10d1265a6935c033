"""The address of a page of moments across sessions: by what they are filtered, and the place after which it begins.

It holds codes, ids and days and no names, so that it may be kept as a bookmark or sent to a colleague.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from plugin.queue.filters import QueueState
from plugin.queue.moment_filter import MomentFilter, check_moment_filter
from plugin.queue.moment_views import MomentPlace
from plugin.web import queue_address
from plugin.web.queue_address import Day, InvalidAddress
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType

PATH: Final = "/moments"
_UNKNOWN: Final = "The address has a field or a value that no list of moments has."
_MAX_POSITION: Final = 1_000_000  # far beyond the exchanges of any session


def _level(value: object) -> Level:
    try:
        return Level[str(value).upper()]
    except KeyError:
        raise ValueError("no such level") from None


def _place(value: object) -> MomentPlace:
    session_id, _, position = str(value).partition(".")
    if not position.isdecimal() or int(position) > _MAX_POSITION:
        raise ValueError("no place of a moment")
    return MomentPlace(UUID(session_id), int(position))


LevelByName = Annotated[Level, BeforeValidator(_level), PlainSerializer(lambda level: level.name.lower())]
Place = Annotated[
    MomentPlace, BeforeValidator(_place), PlainSerializer(lambda place: f"{place.session_id}.{place.position}")
]
"""A place as addresses have it: the session and the position, with a point between."""


class MomentsAddress(BaseModel):
    """A filter of moments across sessions, and the place after which a page begins."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mechanism: Mechanism | None = None
    level: LevelByName | None = None
    own: Literal["differs"] | None = None
    resistance_type: ResistanceType | None = Field(default=None, alias="type")
    therapist: UUID | None = None
    decided: Literal["yes", "no"] | None = None
    state: QueueState | None = None
    ended_from: Day | None = Field(default=None, alias="from")
    ended_to: Day | None = Field(default=None, alias="to")
    after: Place | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_moment_filter(self.chosen)
        return self

    @property
    def chosen(self) -> MomentFilter:
        """The filter."""
        return MomentFilter(
            mechanism=self.mechanism,
            level=self.level,
            own_differs=self.own is not None,
            resistance_type=self.resistance_type,
            therapist=self.therapist,
            ended_from=self.ended_from,
            ended_to=self.ended_to,
            decided=None if self.decided is None else self.decided == "yes",
            state=self.state,
        )

    @property
    def path(self) -> str:
        """The address without a filter."""
        return PATH

    @property
    def newest(self) -> str:
        """The address of the first page with this filter."""
        return PATH + _query(self.model_copy(update={"after": None}))

    def page_after(self, place: MomentPlace) -> str:
        """Return the address of the page after a place."""
        return PATH + _query(self.model_copy(update={"after": place}))


def read_moments_address(given: Mapping[str, str]) -> MomentsAddress:
    """Return the moments that an address names. An empty field filters nothing.

    Raises:
        InvalidAddress: there is no such field or value, or they do not fit together.
    """
    try:
        return MomentsAddress.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        raise InvalidAddress(_UNKNOWN if first["loc"] else str(first["ctx"]["error"])) from None


def remembered(request: Request) -> str:
    """Return the address to which a login leads back: of moments with their filter, and else as lists have it."""
    if request.url.path != PATH:
        return queue_address.remembered(request)
    try:
        return read_moments_address(request.query_params).newest
    except InvalidAddress:
        return PATH


def _query(address: MomentsAddress) -> str:
    values = address.model_dump(mode="json", by_alias=True, exclude_none=True)
    return f"?{urlencode(values)}" if values else ""
