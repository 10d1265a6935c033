"""The routes of an auditor: the audit trail in parts, as a file, and its verification. Each use is itself an entry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from plugin.api.caller import TrailReader
from plugin.api.codes import Day
from plugin.api.list_models import MAX_PAGE, Part
from plugin.api.once import OnceDep
from plugin.api.problems import nothing_here
from plugin.api.read_routes import READING
from plugin.api.requests import VerifyTrail
from plugin.api.review_routes import STEPPING
from plugin.privacy.anchors import MAX_NUMBER
from plugin.privacy.audit_trail import ChainVerification
from plugin.privacy.trail import PAGE, TrailPurpose
from plugin.privacy.trail_filter import TrailFilter
from plugin.privacy.trail_kinds import TrailKind
from plugin.queue.replies import Reply
from plugin.queue.store import Store

router = APIRouter(prefix="/trail", tags=["audit trail"])


class TrailFile(StreamingResponse):
    """A file of comma-separated values, sent as it is read."""

    media_type = "text/csv"


class AskedTrail(BaseModel):
    """By what the trail is filtered."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: TrailKind | None = None
    account: UUID | None = Field(default=None, description="Whoever acted, or whom an entry is about.")
    first: Day | None = Field(default=None, alias="from", description="The first day, in UTC.")
    last: Day | None = Field(default=None, alias="to", description="The last day, in UTC.")

    @property
    def chosen(self) -> TrailFilter:
        """The filter."""
        return TrailFilter(self.kind, self.account, self.first, self.last)


class TrailQuery(AskedTrail):
    """By what the trail is filtered, and which part of it."""

    before: int | None = Field(default=None, ge=1, le=MAX_NUMBER, description="The `next_before` of the part before.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)


class TrailFileQuery(AskedTrail):
    """By what the trail is filtered, and what a file of it is for."""

    purpose: TrailPurpose = Field(description="It becomes an entry before anything is read.")


class Entry(Part):
    """An entry of the trail; it holds no words of a conversation."""

    seq: int
    at: str = Field(description="When it was written, in UTC, as the database has it.")
    account_id: str | None
    person: str | None = Field(description="The user name of whoever acted.")
    role: str | None
    purpose: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str
    previous: str = Field(description="The hash of the entry before, in hexadecimal.")
    hash: str


class TrailPart(Part):
    """A part of the trail, the newest entry first."""

    entries: tuple[Entry, ...]
    next_before: int | None = Field(default=None, description="Where the next part begins; null at the trail's end.")


class NewestAnchor(BaseModel):
    """The number, the hash and the time of the newest entry, to be kept elsewhere."""

    seq: int
    hash: str
    at: str | None


class VerifiedTrail(BaseModel):
    """What was verified; `problem` is a sentence where the trail is broken."""

    entries: int
    first: int
    problem: str | None
    anchor: NewestAnchor | None
    anchors_found: int
    anchors_removed: int


@router.get("", responses=READING)
def read_trail(caller: TrailReader, asked: Annotated[TrailQuery, Query()]) -> TrailPart:
    """Return a part of the audit trail; that is an entry of it."""
    found = caller.trail.page(caller.viewer, asked.chosen, asked.before, size=asked.limit, request_id=caller.request_id)
    if found is None:
        raise nothing_here()
    part = TrailPart.model_validate(found)
    return part.model_copy(update={"next_before": found.entries[-1].seq}) if found.goes_on else part


@router.get("/file", response_class=TrailFile, responses=READING)
def read_trail_file(caller: TrailReader, asked: Annotated[TrailFileQuery, Query()]) -> TrailFile:
    """Return the entries of the filter as a CSV file, the oldest first, with the hashes of the chain.

    Two entries of the trail say so, the second once the whole file was sent. An answer that breaks off is no file.
    """
    lines = caller.trail.file(caller.viewer, asked.purpose, asked.chosen, request_id=caller.request_id)
    if lines is None:
        raise nothing_here()
    return TrailFile(lines)


@router.post("/verify", response_model=VerifiedTrail, responses=STEPPING)
def verify_trail(caller: TrailReader, once: OnceDep, asked: VerifyTrail) -> Response:
    """Verify the whole trail, and that it still holds the anchors that are given; that is an entry of it."""

    def act(_store: Store) -> Reply:  # the trail is read in a transaction of its own kind
        anchors = [each.anchor for each in asked.anchors]
        found = caller.trail.verify(caller.viewer, anchors, request_id=caller.request_id)
        if found is None:
            raise nothing_here()
        return Reply(200, _verified(found).model_dump(mode="json"))

    return once.do(act)


def _verified(found: ChainVerification) -> VerifiedTrail:
    anchor = None if found.last is None else NewestAnchor(seq=found.last.seq, hash=found.last.hash, at=found.last.at)
    return VerifiedTrail(
        entries=found.entries,
        first=found.first,
        problem=found.problem,
        anchor=anchor,
        anchors_found=found.anchors_found,
        anchors_removed=found.anchors_removed,
    )
