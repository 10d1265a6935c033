"""Tests of the addresses of moments across sessions: what they hold, and what is said of one that there is not."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from plugin.queue.filters import QueueState
from plugin.queue.moment_filter import EVERY_MOMENT, MomentFilter
from plugin.queue.moment_views import MomentPlace
from plugin.web.moments_address import read_moments_address, remembered
from plugin.web.queue_address import InvalidAddress
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from tests.plugin.web.test_queue_address import asked

THERAPIST, SESSION = UUID(int=1), UUID(int=2)
WHOLE = {
    "mechanism": "stance_alignment",
    "level": "none",
    "own": "differs",
    "type": "minimum_talk",
    "therapist": str(THERAPIST),
    "decided": "no",
    "state": "begun",
    "from": "2026-11-01",
    "to": "2026-11-30",
}


def test_an_address_says_everything_about_the_moments() -> None:
    """Every field of an address reaches the filter, and is written again as it was read."""
    address = read_moments_address(WHOLE)
    assert address.chosen == MomentFilter(
        mechanism=Mechanism.STANCE_ALIGNMENT,
        level=Level.NONE,
        own_differs=True,
        resistance_type=ResistanceType.MINIMUM_TALK,
        therapist=THERAPIST,
        decided=False,
        state=QueueState.BEGUN,
        ended_from=date(2026, 11, 1),
        ended_to=date(2026, 11, 30),
    )
    assert dict(parse_qsl(urlsplit(address.newest).query)) == WHOLE
    place = MomentPlace(SESSION, 3)
    onward = dict(parse_qsl(urlsplit(address.page_after(place)).query))
    assert onward == WHOLE | {"after": f"{SESSION}.3"}
    assert read_moments_address(onward).after == place
    assert read_moments_address(onward).newest == address.newest


def test_an_empty_field_filters_nothing() -> None:
    """A form that was sent without a choice, and a bare address, name every moment."""
    for given in ({}, dict.fromkeys(WHOLE, "")):
        address = read_moments_address(given)
        assert (address.chosen, address.newest) == (EVERY_MOMENT, "/moments")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"level": "weak"}, "A level is of a mechanism: please choose one too."),
        ({"decided": "yes", "state": "new"}, "No session in that state is decided."),
        ({"mechanism": "words of a client"}, "The address has a field or a value that no list of moments has."),
        ({"sort": "level"}, "The address has a field or a value that no list of moments has."),
        ({"after": "words of a client"}, "The address has a field or a value that no list of moments has."),
        ({"after": f"{SESSION}.-1"}, "The address has a field or a value that no list of moments has."),
        ({"after": f"{SESSION}.{9**30}"}, "The address has a field or a value that no list of moments has."),
    ],
)
def test_another_address_gets_a_sentence_that_repeats_nothing(given: dict[str, str], said: str) -> None:
    """Fields and values that there are not, an order among them, are refused in words of ours."""
    with pytest.raises(InvalidAddress) as raised:
        read_moments_address(given)
    assert raised.value.sentence == said


def test_a_login_leads_back_to_the_filter() -> None:
    """Who logs in with a shared address gets its moments; a bad one leads to all, and lists are as before."""
    assert remembered(asked("/moments", "type=pessimism")) == "/moments?type=pessimism"
    assert remembered(asked("/moments", "type=nonsense")) == "/moments"
    assert remembered(asked("/", "need=risk")) == "/?need=risk"
