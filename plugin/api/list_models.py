"""The JSON of a supervisor's lists: what they are asked by, and the sessions in them, without text."""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugin.api.codes import Day, NeedName
from plugin.queue.filters import (
    FollowUpState,
    HandedTo,
    QueueFilter,
    QueueList,
    QueueOrder,
    QueueState,
    check_filter,
)
from plugin.queue.handover_views import HandoverKind
from plugin.queue.paging import PAGE
from plugin.queue.views import DecisionKind
from stream.contracts.vocabulary import Concern, EndReason, LeftOut, Mechanism

MAX_PAGE: Final = 100
"""Sessions of one answer: they take well under the time of a statement, and their page well under a megabyte."""


class Part(BaseModel):
    """The base of all that answers hold, made of the values that the pages show."""

    model_config = ConfigDict(from_attributes=True, frozen=True, hide_input_in_errors=True)


class AskedFilter(BaseModel):
    """By what a list is filtered, and in which order."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    therapist: UUID | None = Field(default=None, description="The account of a counsellor who wrote in the session.")
    need: NeedName | None = None
    state: QueueState | None = Field(default=None, description="A state that the list has.")
    handed: HandedTo | None = Field(default=None, description="With whom it is by a hand-over; for the waiting list.")
    follow_up: FollowUpState | None = Field(default=None, description="Whether a note of one's own is to follow up.")
    mechanism: Mechanism | None = Field(default=None, description="One that no reply of the session expresses.")
    ended_from: Day | None = Field(default=None, alias="from", description="Its first day, on the clocks of `/me`.")
    ended_to: Day | None = Field(default=None, alias="to", description="Its last day, on the clocks of `/me`.")
    sort: QueueOrder | None = Field(default=None, description="Without it each list has its own order.")

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


class ListQuery(AskedFilter):
    """Which list, by what it is filtered, in which order, and which part of it."""

    queue_list: QueueList = Field(default=QueueList.WAITING, alias="list")
    cursor: str | None = Field(default=None, max_length=64, description="The `next_cursor` of the part before.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_filter(self.queue_list, self.chosen)
        return self


class Decision(Part):
    """The latest decision; it counts only for the revision that it names."""

    kind: DecisionKind
    revision: int
    by: str
    at: datetime
    as_lead: bool = Field(description="Whether it was the lead, in place of a supervisor.")


class Claim(Part):
    """Who reviews the session now, and until when nobody else may."""

    account_id: UUID
    by: str
    until: datetime
    read_revision: int | None


class ReviewProgress(Part):
    """How far a review has come: moments passed on or kept back, and other statements that were judged."""

    moments: int
    statements: int


class Assignment(Part):
    """With whom a waiting session is, and by whose step; nobody else reviews it or decides before taking it over."""

    account_id: UUID
    name: str
    kind: HandoverKind
    by: str
    at: datetime


class Acknowledgement(Part):
    """Which therapist has read the standing release, and when that was said."""

    by: str
    at: datetime


class Facts(Part):
    """Why the session is where it is in the queue."""

    concerns: tuple[Concern, ...]
    needs_human: int
    unanswered: int
    possible_critical: int
    possible_injection: int
    without_expression: tuple[Mechanism, ...]


class SessionLine(Part):
    """A session in a supervisor's list; `need` is the group in which the page shows it."""

    session_id: UUID
    counsellors: tuple[str, ...]
    started_at: datetime
    ended_at: datetime
    end_reason: EndReason
    revision: int
    need: NeedName
    facts: Facts
    moments: int
    left_out: LeftOut | None
    decision: Decision | None
    claim: Claim | None
    assignment: Assignment | None
    is_reviewed: bool
    progress: ReviewProgress | None = Field(description="Null where nobody has judged anything.")
    is_changed: bool
    is_released: bool
    acknowledgements: tuple[Acknowledgement, ...]
    open_disputes: int


class SessionPart(Part):
    """A part of a list, with the numbers of the whole list."""

    sessions: tuple[SessionLine, ...] = Field(validation_alias="rows")
    total: int = Field(description="The sessions of the list without the filter; likewise the three below.")
    overdue: int
    claimed: int = Field(description="Those that the supervisor herself has claimed.")
    handed: int = Field(description="Those that were handed over to her.")
    matching: int = Field(description="The sessions of the list with the filter.")
    next_cursor: str | None = Field(default=None, description="The place of the next part; null at the list's end.")


class Therapist(Part):
    """A counsellor by whom lists can be filtered."""

    account_id: UUID
    name: str


class Therapists(Part):
    """The counsellors by whom lists can be filtered, by the alphabet."""

    therapists: tuple[Therapist, ...]
