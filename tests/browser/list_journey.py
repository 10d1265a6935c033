"""Working through a list: filter, pages, the end of a list, and the release of several sessions at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from plugin.queue import paging
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import Concern, MarkKind
from tests.browser.looks import Looks
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import SUPERVISOR, WAITING, address
from tests.plugin.web.samples import START, record

RISK = record(
    "risk",
    "counsellor-1",
    marks=(Mark(kind=MarkKind.RISK_LANGUAGE, concerns=(Concern.SELF_HARM,), message_ids=("m1",)),),
)
LATER = record("later", "counsellor-1", ended_at=START + timedelta(minutes=50))


Visit = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def _three_sessions(put: Callable[..., None]) -> None:
    """Store two more sessions, so that three wait for the supervisor."""
    put(RISK, LATER)


def test_a_list_is_filtered_and_worked_through_to_its_end(visit: Visit) -> None:
    """A supervisor filters her list, decides about what is left in it, comes to its end and clears the filter."""
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.sees("3 sessions wait for you", "Risk language")
    # when: she asks for one need
    maria.unfold("Filter and order")
    maria.choose("Need", "Unanswered moments")
    maria.choose("Order", "age, the oldest first")
    maria.press("Show")
    maria.sees("Filtered by need: Unanswered moments", "2 sessions match; the filter hides 1 of 3.")
    # then: each decision leads to the next session of the filtered list, and the last to its end
    maria.follow("Jonas Weber")
    maria.is_at(address(WAITING.session_id))
    maria.press("Withhold", maria.part("decision"))
    maria.is_at(address(LATER.session_id))
    maria.press("Withhold", maria.part("decision"))
    maria.sees("This is the end of the list", "It is filtered.")
    maria.follow("Clear the filter")
    maria.sees("1 session waits for you", "Words about self-harm")


def test_a_long_list_has_pages(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is longer than a page leads on to its next page and back to its beginning."""
    monkeypatch.setattr(paging, "PAGE", 2)
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.follow("The next 25 \u2192")
    assert maria.page.locator(".rows > li").count() == 1
    maria.follow("\u2190 To the beginning")
    assert maria.page.locator(".rows > li").count() == 2


def test_several_sessions_are_released_at_once(visit: Visit, looks: Looks) -> None:
    """A supervisor ticks the sessions that she has claimed and read, and releases them with one button."""
    # given: two sessions that she has claimed, which open as they are claimed
    maria = visit(checked=False)
    maria.log_in(SUPERVISOR)
    for sent in (WAITING, LATER):
        maria.open(address(sent.session_id))
        maria.press("Review it")
    # when: she ticks both in the list and presses the button below it
    maria.open("/")
    maria.sees("3 sessions wait for you", "you hold 2 sessions claimed")
    for tick in maria.page.get_by_role("checkbox").all():
        tick.check()
    looks.check(maria.page)
    maria.press("Release the ticked sessions")
    # then: the page says of each what happened, and one session still waits
    maria.sees("2 of 2 sessions released", "Released. Its counsellor can read it.")
    looks.check(maria.page)
    maria.open("/")
    maria.sees("1 session waits for you")
