"""A calibration in the browser: opened, rated by two supervisors each alone, compared, and settled."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import COLLEAGUE
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import SUPERVISOR

Visit = Callable[..., Visitor]
MECHANISMS = ("Respect for Autonomy", "Stance Alignment", "Emotional Resonance", "Conversational Orientation")
REASON = "It asks, and then decides for the client."


def choose(visitor: Visitor, mechanism: str, level: str) -> None:
    """Choose a level of one mechanism."""
    visitor.group(mechanism).get_by_role("radio", name=level).check()


def rate(visitor: Visitor, autonomy: str) -> None:
    """Rate the moment that is open: weak of each mechanism but one."""
    for mechanism in MECHANISMS:
        choose(visitor, mechanism, autonomy if mechanism == MECHANISMS[0] else "weak")
    visitor.press("Save, and go on")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_two_supervisors_calibrate(visit: Visit, *, javascript: bool) -> None:
    """Two supervisors rate the same moments blind, see where they differ, and settle what is two levels apart."""
    # given: a supervisor who opens a calibration with her colleague
    maria = visit(checked=javascript, javascript=javascript)
    maria.log_in(SUPERVISOR)
    maria.unfold("More", maria.page.locator("header"))
    maria.follow("Calibrations")
    maria.follow("Open a calibration")
    maria.page.get_by_label("Nele Roth", exact=True).check()
    maria.press("Draw the moments")
    maria.sees("Calibration of 2 moments", "You have rated 0 of 2")
    # when: she rates both moments and says that she is done
    maria.follow("Begin to rate")
    for autonomy in ("strong", "weak"):
        maria.does_not_see("The model", "Nele Roth")
        rate(maria, autonomy)
    maria.press("I am done")
    maria.sees("Others are still rating")
    # and: her colleague finds it on her start page and does the same
    nele = visit(checked=javascript, javascript=javascript)
    nele.log_in(COLLEAGUE)
    nele.sees("2 moments are left for you", "rate it there before you open it")
    nele.unfold("More", nele.page.locator("header"))
    nele.follow("Calibrations")
    nele.page.get_by_role("link", name="opened").first.click()
    nele.follow("Begin to rate")
    for autonomy in ("none", "weak"):
        rate(nele, autonomy)
    nele.press("I am done")
    # then: both see where they differ, and settle it before the model's levels are shown
    nele.sees("Where you differ", "two levels apart", "Maria Keller and Nele Roth")
    nele.follow("Moment 1")
    nele.does_not_see("unvalidated")
    choose(nele, MECHANISMS[0], "weak")
    nele.fill(f"Why, {MECHANISMS[0]}", REASON)
    nele.press("Settle it")
    nele.sees(REASON, "Settled together", "unvalidated")


def test_a_moment_is_rated_by_keyboard(visit: Visit) -> None:
    """From the first choice on, arrows choose a level, the tabulator goes on, and Enter keeps the rating."""
    maria = visit(checked=False)
    maria.log_in(SUPERVISOR)
    maria.open("/calibrations/new")
    maria.page.get_by_label("Nele Roth", exact=True).check()
    maria.press("Draw the moments")
    maria.follow("Begin to rate")
    first = maria.group(MECHANISMS[0]).get_by_role("radio").first
    first.focus()
    for _ in MECHANISMS:
        maria.page.keyboard.press("Space")
        maria.page.keyboard.press("ArrowDown")
        maria.page.keyboard.press("Tab")
        maria.page.keyboard.press("Tab")  # past the link to the rubric
    first.focus()
    with maria.page.expect_navigation():
        maria.page.keyboard.press("Enter")
    maria.sees("Moment 2 of 2")
