"""The routes of a person's clock and digest days. Where a digest goes is set on the page alone, and in no answer.

A token could otherwise send the numbers of a digest to whoever has it.
"""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ConfigDict, Field, model_validator

from plugin.api.caller import Caller, Disputer, OwnReader, Reader, Reviewer
from plugin.api.codes import ZoneName
from plugin.api.list_models import Part
from plugin.api.once import Once, OnceDep
from plugin.api.read_routes import READING
from plugin.api.requests import Asked
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.queue.digest_preferences import Way
from plugin.queue.digests import DeliveryState
from plugin.queue.replies import Reply
from plugin.queue.store import Store

router = APIRouter(tags=["preferences"])


Weekday = Annotated[int, Field(ge=0, le=6, strict=True)]


class LatestDigest(Part):
    """What became of the latest digest that was due."""

    day: date = Field(validation_alias="period", description="The day that it is for.")
    state: DeliveryState
    way: Way
    attempts: int
    at: datetime | None = Field(description="When it ended; null while it waits.")


class Preferences(Part):
    """On whose clocks a person's days are meant, and when digests come; the address stays on the page."""

    time_zone: str
    way: Way = Field(description="How digests come; set on the page, with the address.")
    days: tuple[int, ...] = Field(description="The days of the week, 0 for Monday to 6 for Sunday.")
    hour: int = Field(description="From which hour on, on these clocks.")
    latest: LatestDigest | None


class SetPreferences(Asked):
    """What shall change; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    time_zone: Annotated[ZoneName | None, Field(description="Such as Europe/Berlin.")] = None
    days: Annotated[frozenset[Weekday] | None, Field(min_length=1, description="0 for Monday to 6 for Sunday.")] = None
    hour: Annotated[int | None, Field(ge=0, le=23, strict=True)] = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.time_zone is None and self.days is None and self.hour is None:
            raise ValueError("nothing is named")
        return self


@router.get("/preferences", responses=READING)
def read_preferences(caller: Reader) -> Preferences:
    """Return the time zone of a supervisor or a lead, when digests reach them, and what became of the latest one."""
    return _preferences(caller)


@router.post("/preferences", response_model=Done, responses=STEPPING)
def set_preferences(caller: Reviewer, once: OnceDep, asked: SetPreferences) -> Response:
    """Set the time zone of a supervisor or a lead, or on which days and from which hour digests come."""
    return _set(caller, once, asked)


@router.get("/own-preferences", responses=READING)
def read_own_preferences(caller: OwnReader) -> Preferences:
    """Return the time zone of a therapist, when digests reach them, and what became of the latest one."""
    return _preferences(caller)


@router.post("/own-preferences", response_model=Done, responses=STEPPING)
def set_own_preferences(caller: Disputer, once: OnceDep, asked: SetPreferences) -> Response:
    """Set the time zone of a therapist, or on which days and from which hour digests come."""
    return _set(caller, once, asked)


def _preferences(caller: Caller) -> Preferences:
    digests = caller.store.digests
    found = digests.preferences(caller.viewer)
    return Preferences.model_validate(
        {
            "time_zone": found.zone,
            "way": found.way,
            "days": sorted(found.days),
            "hour": found.hour,
            "latest": digests.latest(caller.viewer),
        }
    )


def _set(caller: Caller, once: Once, asked: SetPreferences) -> Response:
    def act(store: Store) -> Reply:
        store.digests.set_times(
            caller.viewer, zone=asked.time_zone, days=asked.days, hour=asked.hour, request_id=caller.request_id
        )
        return Reply(200, Done().model_dump())

    return once.do(act)
