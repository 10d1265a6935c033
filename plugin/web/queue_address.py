"""The part of an address that says which list a supervisor works through, how it is filtered, and where she is in it.

It holds codes, ids and days and no names, so that it may be kept as a bookmark or sent to a colleague, who sees with it
what her own rights show her.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Self
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from plugin.database.needs import Need
from plugin.queue.filters import (
    FollowUpState,
    HandedTo,
    QueueFilter,
    QueueList,
    QueueOrder,
    QueueState,
    check_filter,
)
from stream.contracts.vocabulary import Mechanism

PATHS: Final[Mapping[QueueList, str]] = {
    QueueList.WAITING: "/",
    QueueList.DECIDED: "/decided",
    QueueList.LEFT_OUT: "/left-out",
}
FIELDS: Final = {
    "list": "list",
    "therapist": "counsellor",
    "need": "need",
    "state": "state",
    "handed": "colleague",
    "follow_up": "follow-ups",
    "mechanism": "mechanism",
    "from": "first day",
    "to": "last day",
    "sort": "order",
    "after": "place in the list",
}
"""The fields of an address, and what a sentence calls them."""


class InvalidAddress(Exception):  # noqa: N818 - named by what is wrong
    """An error that answers an address that no list of ours has, with a sentence that repeats nothing of it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def _need(value: object) -> Need:
    try:
        return Need[str(value).upper()]
    except KeyError:
        raise ValueError("no such need") from None


def _day(value: object) -> date:
    return date.fromisoformat(str(value))


NeedByName = Annotated[Need, BeforeValidator(_need), PlainSerializer(lambda need: need.name.lower())]
Day = Annotated[date, BeforeValidator(_day)]
"""A day as browsers write it, such as 2026-11-03; pydantic alone would take any number for seconds since 1970."""


class QueueAddress(BaseModel):
    """A list with its filter, its order, and the session after which a page begins."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    queue_list: QueueList = Field(default=QueueList.WAITING, alias="list")
    therapist: UUID | None = None
    need: NeedByName | None = None
    state: QueueState | None = None
    handed: HandedTo | None = None
    follow_up: FollowUpState | None = None
    mechanism: Mechanism | None = None
    ended_from: Day | None = Field(default=None, alias="from")
    ended_to: Day | None = Field(default=None, alias="to")
    sort: QueueOrder | None = None
    after: UUID | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_filter(self.queue_list, self.chosen)
        return self

    @property
    def chosen(self) -> QueueFilter:
        """The filter and the order."""
        return QueueFilter(
            therapist=self.therapist,
            need=self.need,
            state=self.state,
            handed=self.handed,
            follow_up=self.follow_up,
            mechanism=self.mechanism,
            ended_from=self.ended_from,
            ended_to=self.ended_to,
            order=self.sort,
        )

    @property
    def path(self) -> str:
        """The path of the list."""
        return PATHS[self.queue_list]

    @property
    def listed(self) -> str:
        """The address of the list's first page, with its filter."""
        return self.path + _query(self, "list", "after")

    @property
    def first(self) -> str:
        """The address that leads to the list's first session that nobody else has."""
        return "/next" + _query(self, "after")

    @property
    def release(self) -> str:
        """The address that releases several sessions of the list."""
        return "/release" + _query(self, "list", "after")

    @property
    def saved(self) -> str:
        """The address that saves the list's filter and order as a view."""
        return "/views" + _query(self, "list", "after")

    @property
    def query(self) -> str:
        """The query that takes the list along from its page to a session's."""
        return _query(self, "after")

    @property
    def whole_query(self) -> str:
        """The query of a session's page, with the session that was read before."""
        return _query(self)

    def page_after(self, session_id: UUID) -> str:
        """Return the address of the list's page after a session."""
        return self.path + _query(self.model_copy(update={"after": session_id}), "list")

    def next_after(self, session_id: UUID) -> str:
        """Return the address that leads to the session after another."""
        return "/next" + _query(self.model_copy(update={"after": session_id}))

    def session_after(self, session_id: UUID) -> str:
        """Return the address of a session's page, which keeps the session that was read before."""
        return f"/sessions/{session_id}{self.whole_query}"


def read_address(given: Mapping[str, str], queue_list: QueueList | None = None) -> QueueAddress:
    """Return the list that an address names; the page of a list names it itself. An empty field filters nothing.

    Raises:
        InvalidAddress: no list of ours has such a field or value.
    """
    values = {name: value for name, value in given.items() if value}
    if queue_list is not None:
        values["list"] = queue_list.value
    try:
        return QueueAddress.model_validate(values)
    except ValidationError as error:
        raise InvalidAddress(_sentence(error)) from None


def read_own_address(given: Mapping[str, str]) -> UUID | None:
    """Return the session after which a page of a therapist's own list begins; None for the first one.

    Raises:
        InvalidAddress: their list has no such place.
    """
    try:
        return None if not given else UUID({**given}.pop("after"))
    except (KeyError, ValueError):
        raise InvalidAddress("Your list has no such place.") from None


def has_empty_field(request: Request) -> bool:
    """Return whether the address is one that a form makes of fields without a choice; there is a shorter one for it."""
    return "" in request.query_params.values()


def address_of(chosen: QueueFilter) -> QueueAddress:
    """Return the waiting list with a filter and an order."""
    return QueueAddress.model_validate(
        {
            "therapist": chosen.therapist,
            "need": None if chosen.need is None else chosen.need.name,
            "state": chosen.state,
            "handed": chosen.handed,
            "follow_up": chosen.follow_up,
            "mechanism": chosen.mechanism,
            "from": chosen.ended_from,
            "to": chosen.ended_to,
            "sort": chosen.order,
        }
    )


def list_of(request: Request) -> QueueAddress | None:
    """Return the list from which a session was opened, or None if it was not opened from one.

    Raises:
        InvalidAddress: no list of ours has such a field or value.
    """
    given = dict(request.query_params)
    given.pop("further", None)  # the one field of a session's own
    return read_address(given) if given.get("list") else None


def session_page(request: Request, session_id: UUID, *, further: bool = False) -> str:
    """Return the address of a session's page, with the list from which it was opened."""
    opened_from = list_of(request)
    path = f"/sessions/{session_id}" if opened_from is None else opened_from.session_after(session_id)
    if not further:
        return path
    return f"{path}{'?' if opened_from is None else '&'}further=yes"


def remembered(request: Request) -> str:
    """Return the address to which a login leads back: the path, and the list if its query is one of ours."""
    path = request.url.path
    lists = {path: queue_list for queue_list, path in PATHS.items()}
    try:
        if path in lists:
            return read_address(request.query_params, lists[path]).listed
        listing = list_of(request)
    except InvalidAddress:
        return path
    return path if listing is None else path + listing.whole_query


def _query(address: QueueAddress, *without: str) -> str:
    values = address.model_dump(mode="json", by_alias=True, exclude_none=True)
    written = urlencode({name: value for name, value in values.items() if name not in without})
    return f"?{written}" if written else ""


def _sentence(error: ValidationError) -> str:
    """Return what is wrong in words of ours, since the address may hold text that somebody typed."""
    found = error.errors(include_input=False, include_url=False)
    if not found[0]["loc"]:
        return str(found[0]["ctx"]["error"])
    known = dict.fromkeys(FIELDS[str(each["loc"][0])] for each in found if str(each["loc"][0]) in FIELDS)
    if not known:
        return "The address has a field that no list has."
    return f"The address has a value that no list has: see its {', '.join(known)}."
