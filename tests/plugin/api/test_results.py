"""Tests of the result of a step: what is stored of it, and the response that is made of what is stored."""

import json

import pytest

from plugin.api.results import reply_of, response_of
from plugin.queue.refusals import REFUSED
from plugin.queue.replies import Reply
from plugin.queue.views import DecisionOutcome


def test_a_step_that_is_done_says_so() -> None:
    """A step that is done is a 200 whose body is its stored result."""
    reply = reply_of(DecisionOutcome.DONE)
    answer = response_of(reply)
    assert (answer.status_code, json.loads(bytes(answer.body))) == (200, reply.result)


@pytest.mark.parametrize("outcome", REFUSED)
def test_a_refused_step_is_a_conflict_in_the_words_of_the_pages(outcome: DecisionOutcome) -> None:
    """A refused step is stored as its outcome alone, and answered in the words that the pages use."""
    reply = reply_of(outcome)
    assert reply == Reply(409, {"outcome": outcome.value})
    problem = json.loads(bytes(response_of(reply).body))
    assert (problem["title"], problem["detail"]) == REFUSED[outcome]
    assert problem["outcome"] == outcome.value


def test_what_one_may_not_see_is_a_404_without_an_outcome() -> None:
    """A step about something that is not for this person is answered as if it did not exist."""
    answer = response_of(reply_of(DecisionOutcome.NOT_FOUND))
    assert answer.status_code == 404
    assert "outcome" not in json.loads(bytes(answer.body))
