"""Tests of the result of a step: what is stored of it, and the response that is made of what is stored."""

import json

import pytest

from plugin.api.results import look_reply, reply_of, response_of
from plugin.queue.look_refusals import LOOK_REFUSED
from plugin.queue.look_views import LookOutcome
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


@pytest.mark.parametrize("outcome", LOOK_REFUSED)
def test_a_refused_look_is_a_conflict_in_words_of_its_own(outcome: LookOutcome) -> None:
    """Answers that are not stored are refused in the words of a look, though other steps have outcomes of that name."""
    problem = json.loads(bytes(response_of(look_reply(outcome)).body))
    assert (problem["status"], problem["title"], problem["detail"]) == (409, *LOOK_REFUSED[outcome])


def test_a_look_is_done_or_not_there_like_any_step() -> None:
    """Stored answers are a 200, and a session outside the sample is a 404."""
    assert [response_of(look_reply(each)).status_code for each in (LookOutcome.DONE, LookOutcome.NOT_FOUND)] == [
        *(200, 404),
    ]


def test_what_one_may_not_see_is_a_404_without_an_outcome() -> None:
    """A step about something that is not for this person is answered as if it did not exist."""
    answer = response_of(reply_of(DecisionOutcome.NOT_FOUND))
    assert answer.status_code == 404
    assert "outcome" not in json.loads(bytes(answer.body))
