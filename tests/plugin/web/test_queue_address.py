"""Tests of the addresses of a supervisor's lists: what they hold, and what is said of one that no list has."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from fastapi import Request

from plugin.database.needs import Need
from plugin.queue.filters import (
    EVERYTHING,
    FollowUpState,
    HandedTo,
    QueueFilter,
    QueueList,
    QueueOrder,
    QueueState,
)
from plugin.web.queue_address import InvalidAddress, address_of, list_of, read_address, remembered, session_page
from stream.contracts.vocabulary import Mechanism

THERAPIST, SESSION = UUID(int=1), UUID(int=2)
WHOLE = {
    "list": "waiting",
    "therapist": str(THERAPIST),
    "need": "without_expression",
    "state": "mine",
    "handed": "me",
    "follow_up": "due",
    "mechanism": "stance_alignment",
    "from": "2026-11-01",
    "to": "2026-11-30",
    "sort": "therapist",
}
PLANTED = "words of a client"


def asked(path: str, query: str = "") -> Request:
    """Return a request for an address."""
    return Request({"type": "http", "path": path, "query_string": query.encode(), "headers": []})


def query_of(address: str) -> dict[str, str]:
    """Return the fields of an address."""
    return dict(parse_qsl(urlsplit(address).query, strict_parsing=True))


def test_an_address_says_everything_about_a_list() -> None:
    """Every field of an address reaches the filter, and is written again as it was read."""
    address = read_address(WHOLE)
    assert address.chosen == QueueFilter(
        therapist=THERAPIST,
        need=Need.WITHOUT_EXPRESSION,
        state=QueueState.MINE,
        handed=HandedTo.ME,
        follow_up=FollowUpState.DUE,
        mechanism=Mechanism.STANCE_ALIGNMENT,
        ended_from=date(2026, 11, 1),
        ended_to=date(2026, 11, 30),
        order=QueueOrder.THERAPIST,
    )
    assert query_of(address.query) == WHOLE
    assert read_address(query_of(address.query)) == address == address_of(address.chosen)


@pytest.mark.parametrize("need", list(Need))
def test_each_need_has_a_word(need: Need) -> None:
    """A need stands in an address by its name, not by its number, which may change."""
    assert read_address({"need": need.name.lower()}).need is need


def test_an_empty_field_filters_nothing() -> None:
    """A form that was sent without a choice, and a bare address, name the whole list of waiting sessions."""
    for given in ({}, dict.fromkeys(WHOLE, "")):
        address = read_address(given)
        assert (address.queue_list, address.chosen, address.listed) == (QueueList.WAITING, EVERYTHING, "/")


def test_the_addresses_of_a_list() -> None:
    """A list leads to its pages, to a session, to the next one and to the release of several, with the same filter."""
    address = read_address({"need": "risk", "after": str(THERAPIST)}, QueueList.DECIDED)
    assert address.listed == "/decided?need=risk"
    assert address.page_after(SESSION) == f"/decided?need=risk&after={SESSION}"
    assert address.query == "?list=decided&need=risk"
    assert address.next_after(SESSION) == f"/next?list=decided&need=risk&after={SESSION}"
    assert address.session_after(SESSION) == f"/sessions/{SESSION}?list=decided&need=risk&after={THERAPIST}"
    assert address.release == "/release?need=risk"
    assert address.saved == "/views?need=risk"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"need": PLANTED}, "see its need."),
        ({"need": "0"}, "see its need."),
        ({"state": PLANTED}, "see its state."),
        ({"therapist": PLANTED}, "see its counsellor."),
        ({"therapist": "1' OR '1'='1"}, "see its counsellor."),
        ({"mechanism": PLANTED}, "see its mechanism."),
        ({"sort": "score"}, "see its order."),
        ({"sort": "need; DROP TABLE sessions"}, "see its order."),
        ({"list": PLANTED}, "see its list."),
        ({"from": PLANTED}, "see its first day."),
        ({"from": "1700000000"}, "see its first day."),
        ({"to": "2026-02-30"}, "see its last day."),
        ({"to": "10000-01-01"}, "see its last day."),
        ({"after": PLANTED}, "see its place in the list."),
        ({"after": "\x00"}, "see its place in the list."),
        ({"need": PLANTED, "to": PLANTED}, "see its need, last day."),
        ({PLANTED: "x"}, "The address has a field that no list has."),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "The first day comes after the last day."),
        ({"handed": PLANTED}, "see its colleague."),
        ({"follow_up": PLANTED}, "see its follow-ups."),
        ({"list": "decided", "handed": "me"}, "Only waiting sessions are with somebody."),
        ({"state": "released"}, "This list has no sessions in that state."),
        ({"list": "decided", "state": "new"}, "This list has no sessions in that state."),
        ({"list": "left-out", "state": "new"}, "This list has no sessions in that state."),
    ],
)
def test_what_no_list_has_is_said_without_repeating_it(given: dict[str, str], said: str) -> None:
    """An address with a bad value is refused with a sentence that names the field and repeats nothing of it."""
    with pytest.raises(InvalidAddress) as refused:
        read_address(given)
    assert refused.value.sentence.endswith(said)
    assert PLANTED not in repr(refused.value)
    assert refused.value.__cause__ is None


def test_the_page_of_a_list_decides_which_list_it_is() -> None:
    """The address of a list's own page cannot name another list."""
    assert read_address({"list": "waiting"}, QueueList.LEFT_OUT).queue_list is QueueList.LEFT_OUT


def test_a_session_keeps_the_list_from_which_it_was_opened() -> None:
    """The address of a session's page keeps its list and its further moments, and needs neither."""
    bare, listed = asked("/"), asked("/", "list=waiting&need=risk&further=yes")
    path = f"/sessions/{SESSION}"
    assert (list_of(bare), session_page(bare, SESSION)) == (None, path)
    assert session_page(bare, SESSION, further=True) == f"{path}?further=yes"
    assert session_page(listed, SESSION) == f"{path}?list=waiting&need=risk"
    assert session_page(listed, SESSION, further=True) == f"{path}?list=waiting&need=risk&further=yes"
    with pytest.raises(InvalidAddress):
        list_of(asked("/", "list=waiting&need=all"))


@pytest.mark.parametrize(
    ("path", "query", "kept"),
    [
        ("/", "", "/"),
        ("/", "need=risk", "/?need=risk"),
        ("/decided", "state=released&sort=", "/decided?state=released"),
        (f"/sessions/{SESSION}", "list=waiting", f"/sessions/{SESSION}?list=waiting"),
        (f"/sessions/{SESSION}", "further=yes", f"/sessions/{SESSION}"),
        ("/", f"need={PLANTED}", "/"),
        ("/rubric", PLANTED, "/rubric"),
    ],
)
def test_a_login_leads_back_to_the_filtered_list(path: str, query: str, kept: str) -> None:
    """A shared address survives the login, and nothing that no list has is kept."""
    assert remembered(asked(path, query)) == kept
