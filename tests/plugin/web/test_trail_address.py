"""Tests of the address of a page of the trail, which holds codes, ids, days and numbers."""

from datetime import date
from uuid import UUID

import pytest

from plugin.privacy.trail_filter import TrailFilter
from plugin.privacy.trail_kinds import TrailKind
from plugin.web.queue_address import InvalidAddress
from plugin.web.trail_address import read_trail_address

ACCOUNT = UUID(int=7)
WHOLE = {"kind": "login", "account": str(ACCOUNT), "from": "2026-03-01", "to": "2026-03-31", "before": "90"}


def test_an_address_is_read_as_a_filter() -> None:
    """Each field of an address is a part of the filter, and the number the place."""
    address = read_trail_address(WHOLE)
    assert address.chosen == TrailFilter(TrailKind.LOGIN, ACCOUNT, date(2026, 3, 1), date(2026, 3, 31))
    assert address.before == 90


def test_an_empty_field_filters_nothing() -> None:
    """A form sends its empty fields too, which count as none."""
    address = read_trail_address(dict.fromkeys(WHOLE, ""))
    assert (address.chosen, address.before) == (TrailFilter(), None)
    assert (address.newest, address.download, address.older_than(5)) == ("/trail", "/trail/download", "/trail?before=5")


def test_the_filter_goes_along() -> None:
    """Links to older and newest entries and to the file keep the filter; only the first has a place."""
    address = read_trail_address(WHOLE)
    query = f"kind=login&account={ACCOUNT}&from=2026-03-01&to=2026-03-31"
    assert address.older_than(41) == f"/trail?{query}&before=41"
    assert address.newest == f"/trail?{query}"
    assert address.download == f"/trail/download?{query}"
    assert address.of_account(str(ACCOUNT)) == f"/trail?account={ACCOUNT}"


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "gossip"},
        {"account": "maria"},
        {"from": "1772474400"},
        {"before": "-1"},
        {"before": "9" * 30},
        {"x": "1"},
    ],
)
def test_what_the_trail_has_not_is_refused_and_not_repeated(given: dict[str, str]) -> None:
    """A field or a value that is none of ours is refused in words that hold nothing of it."""
    with pytest.raises(InvalidAddress) as error:
        read_trail_address(given)
    assert not any(value in error.value.sentence for value in given.values() if len(value) > 1)
