"""The address of a page of the audit trail: by what it is filtered, and the entry before which the page begins."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plugin.privacy.anchors import MAX_NUMBER
from plugin.privacy.trail_filter import TrailFilter
from plugin.privacy.trail_kinds import TrailKind
from plugin.web.queue_address import Day, InvalidAddress

PATH: Final = "/trail"
MAX_ANCHORS: Final = 12_000
"""Characters of pasted anchors: some eighty of them, one for each week of a year and a half."""
_UNKNOWN: Final = "The address has a field or a value that the trail has not."


class TrailAddress(BaseModel):
    """A filter of the trail, and the number of the entry before which a page begins."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: TrailKind | None = None
    account: UUID | None = None
    first: Day | None = Field(default=None, alias="from")
    last: Day | None = Field(default=None, alias="to")
    before: int | None = Field(default=None, ge=1, le=MAX_NUMBER)

    @property
    def chosen(self) -> TrailFilter:
        """The filter."""
        return TrailFilter(self.kind, self.account, self.first, self.last)

    @property
    def newest(self) -> str:
        """The address of the first page with this filter."""
        return PATH + _query(self, before=None)

    @property
    def download(self) -> str:
        """The address that sends a file with this filter."""
        return f"{PATH}/download" + _query(self, before=None)

    def older_than(self, seq: int) -> str:
        """Return the address of the page before an entry."""
        return PATH + _query(self, before=seq)

    def of_account(self, account_id: str) -> str:
        """Return the address of the whole trail of one account."""
        return f"{PATH}?{urlencode({'account': account_id})}"


def read_trail_address(given: Mapping[str, str]) -> TrailAddress:
    """Return the part of the trail that an address names. An empty field filters nothing.

    Raises:
        InvalidAddress: the trail has no such field or value.
    """
    try:
        return TrailAddress.model_validate({name: value for name, value in given.items() if value})
    except ValidationError:
        raise InvalidAddress(_UNKNOWN) from None


def _query(address: TrailAddress, *, before: int | None) -> str:
    values = address.model_copy(update={"before": before}).model_dump(mode="json", by_alias=True, exclude_none=True)
    return f"?{urlencode(values)}" if values else ""
