"""A list is filtered and ordered in place where the browser runs the pages' scripts, and by a new page where not."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard_journey import Keyboard
from tests.browser.list_journey import LATER, RISK
from tests.browser.swap_journey import focused
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import AUDITOR, SUPERVISOR

Visit = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def _three_sessions(put: Callable[..., None]) -> None:
    """Store two more sessions, so that three wait for the supervisor."""
    put(RISK, LATER)


def listed(visitor: Visitor) -> int:
    """Return how many sessions the list shows."""
    return visitor.page.locator("#list .rows > li").count()


def test_a_filter_by_keyboard_loads_no_page_anew(visit: Visit) -> None:
    """A supervisor filters by keyboard: page, focus and form stay, and the address is one to come back to."""
    # given: a supervisor before her list, with a mark on the window that a new page would not have
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.page.evaluate("window.marked = true")
    keys = Keyboard(maria.page)
    keys.tab_to("Filter and order")
    maria.page.keyboard.press("Enter")
    # when: she chooses a need and an order, and presses the button
    maria.choose("Need", "Risk language")
    maria.choose("Order", "age, the oldest first")
    keys.enter("Show")
    # then: the list, the address and what is said have changed, and nothing else
    maria.sees("Filtered by need: Risk language.", "1 session matches; the filter hides 2 of 3.")
    assert listed(maria) == 1
    assert maria.page.evaluate("location.search") == "?need=risk&sort=age"
    assert focused(maria) == "filter-show"
    assert maria.page.evaluate("window.marked")
    assert "Filtered by need" in maria.page.get_by_role("status").inner_text()
    # and: a session that is opened from it knows the list, and the browser's way back leads through the filters
    maria.choose("Need", "every need")
    maria.press("Show")
    assert (listed(maria), maria.page.evaluate("location.search")) == (3, "?sort=age")
    maria.page.go_back()
    expect(maria.page.locator("#filtered")).to_contain_text("Risk language")
    maria.is_at("/")
    assert maria.page.evaluate("location.search") == "?need=risk&sort=age"
    assert maria.page.evaluate("sessionStorage.length + localStorage.length") == 0


def test_a_filter_that_cannot_be_is_said_beside_the_form(visit: Visit) -> None:
    """A choice that does not fit is said in place, and the form keeps what was chosen."""
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.open("/moments")
    maria.unfold("Filter")
    maria.choose("Its level", "weak expression")
    maria.page.get_by_role("button", name="Show").click()
    expect(maria.page.get_by_role("status")).to_have_text("A level is of a mechanism: please choose one too.")
    assert maria.page.get_by_label("Its level").input_value() == "weak"
    maria.choose("Mechanism", "Stance Alignment")
    maria.press("Show")
    maria.sees("Filtered by Stance Alignment: weak expression.")


def test_the_trail_is_filtered_in_place(visit: Visit) -> None:
    """An auditor filters the trail, and the file that she can download is of that filter."""
    aldo = visit()
    aldo.log_in(AUDITOR)
    aldo.page.evaluate("window.marked = true")
    aldo.unfold("Filter")
    aldo.choose("Kind", "logins and logouts")
    aldo.press("Show")
    aldo.sees("Filtered: logins and logouts.", "A CSV file of the entries of this filter")
    assert aldo.page.evaluate("window.marked")


def test_without_scripts_a_filter_loads_a_new_page(visit: Visit) -> None:
    """Without scripts the same form shows the same list under the same address."""
    maria = visit(checked=False, javascript=False)
    maria.log_in(SUPERVISOR)
    maria.unfold("Filter and order")
    maria.choose("Need", "Risk language")
    maria.press("Show")
    maria.sees("Filtered by need: Risk language.")
    assert maria.page.url.endswith("/?need=risk")
    assert listed(maria) == 1
