"""Each pair is read once for a request, and answers are those of a reader that is asked every time."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triton_models.feedback_baseline.loading import assess, assess_request, baseline, part, reader, request

once = part("once")
PAIRS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["pointless", "Okay.", "I hear voices."])), max_size=6
)

CLIENTS = ["It is pointless.", "The diary is pointless. I make up numbers on Sunday.", "I wrote it on Sunday."]
REPLIES = ["Okay.", "It's up to you. What would you want from today?", "So it's pointless. You're fed up. Okay."]


def asked_pairs(client: str, reply: str) -> Counter[tuple[str, str]]:
    """Return how often the reader is asked about each pair for one request."""
    own = reader()
    assess_request(request(client, reply, "How was the week?"), own)
    return Counter(own.pairs)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("reply", REPLIES)
def test_no_pair_is_read_twice_for_a_request(client: str, reply: str) -> None:
    """The reader is asked about each pair once, also where a sentence is a whole turn or what is left of a reply."""
    assert set(asked_pairs(client, reply).values()) == {1}


def test_a_turn_of_one_sentence_that_does_not_resist_is_one_pair() -> None:
    """What most client turns of a chat are costs one reading."""
    assert asked_pairs("I wrote it on Sunday.", "Okay.") == Counter({("How was the week?", "I wrote it on Sunday."): 1})


def test_the_next_request_is_read_anew() -> None:
    """Nothing that was read for one request is kept for the next."""
    own = reader()
    assess_request(request(CLIENTS[0], REPLIES[0]), own)
    before = len(own.pairs)
    assess_request(request(CLIENTS[0], REPLIES[0]), own)
    assert len(own.pairs) == 2 * before


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("reply", REPLIES)
def test_answers_are_those_of_reading_every_time(client: str, reply: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer does not change by reading a pair once."""
    answer = assess(client, reply)
    monkeypatch.setattr(baseline(), "read_once", lambda read: read)
    assert assess(client, reply) == answer


@given(st.lists(PAIRS, max_size=4))
def test_opinions_come_in_the_order_of_the_pairs(calls: list[list[tuple[str, str]]]) -> None:
    """Whatever was asked before and however often a pair stands in a call, each place gets its pair's opinion."""
    own = reader()
    read = once.read_once(own.read)
    for pairs in calls:
        assert [vectors(each) for each in read(pairs)] == [vectors(each) for each in reader().read(pairs)]
    assert len(own.pairs) == len(set(own.pairs)) == len({pair for pairs in calls for pair in pairs})


def vectors(opinion: Any) -> tuple[list[float], ...]:
    """Return the numbers of an opinion, to compare."""
    return tuple(list(each) for each in opinion)
