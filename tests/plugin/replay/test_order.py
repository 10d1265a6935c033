"""The order of events comes from their times or from the file; where neither tells it, the file is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.replay.order import SourceEvent, by_time, check_ids
from stream.contracts.errors import Misconfigured


def event(name: str, at_s: float | None, kind: str = "message") -> SourceEvent:
    """Return an event whose place is its name."""
    return SourceEvent(name, at_s, {"type": kind, "message_id": name})


def places(*events: SourceEvent) -> str:
    """Return the places of events in their order."""
    return "".join(one.place for one in by_time(events))


@given(st.lists(st.integers(0, 99), unique=True, min_size=1))
def test_distinct_times_are_the_order(times: list[int]) -> None:
    """Events with distinct times are in the order of their times, wherever they stand in the file."""
    found = by_time([event(str(at_s), float(at_s)) for at_s in times])
    assert [one.at_s for one in found] == sorted(times)


def test_without_times_the_file_is_the_order() -> None:
    """Events without times keep the order of the file."""
    assert places(event("b", None), event("a", None)) == "ba"


def test_times_that_never_go_back_leave_the_file_as_it_is() -> None:
    """Where times never go back, the file is in order, and events without a time keep their places."""
    assert places(event("a", 1), event("b", None), event("c", 1), event("d", 2)) == "abcd"


def test_the_newest_first_is_turned_round() -> None:
    """A file with the newest event first is turned round, equal times included."""
    assert places(event("c", 2), event("b", 1), event("a", 1)) == "abc"


def test_at_one_time_the_kinds_have_an_order() -> None:
    """At one time a message comes before its edit, the edit before the deletion, and the end after all."""
    mixed = (
        event("z", 5, "session_end"), event("b", 5, "edit"), event("x", 1), event("c", 5, "deletion"), event("a", 5),
    )  # fmt: skip
    assert places(*mixed) == "xabcz"


def test_names_come_first_when_they_have_no_time() -> None:
    """The names of people come before messages with times; among messages without times they keep their place."""
    assert places(event("b", 2), event("a", 1), event("p", None, "participants")) == "pab"
    assert places(event("a", 1), event("p", None, "participants"), event("b", 2)) == "pab"
    assert places(event("a", None), event("p", None, "participants"), event("b", None)) == "apb"


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ((event("a", 1), event("b", 2), event("c", 1)), "c: it has the same time as a"),
        ((event("a", 2), event("b", None), event("c", 1)), "b: it has no time"),
    ],
)
def test_what_nobody_knows_is_refused(events: tuple[SourceEvent, ...], sentence: str) -> None:
    """An order that neither the times nor the file tell is refused with the place."""
    with pytest.raises(Misconfigured, match=sentence):
        by_time(events)


def test_one_id_is_one_message() -> None:
    """Two messages with one id are refused with both places; an edit has the id of its message."""
    check_ids([event("a", 1), event("a", 2, "edit")])
    again = SourceEvent("line 9", 3, {"type": "message", "message_id": "a"})
    with pytest.raises(Misconfigured, match="line 9: its message_id is that of a too"):
        check_ids([event("a", 1), again])
