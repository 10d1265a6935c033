"""Steps of a review change their part of the page in place, where the browser runs the pages' scripts."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import COLLEAGUE
from tests.browser.keyboard_journey import Keyboard
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import SUPERVISOR, WAITING, address

Visit = Callable[..., Visitor]
GROUP = "Moment 1: Emotional Resonance"
UNREACHED = "The server was not reached. Please try again."


def focused(visitor: Visitor) -> str:
    """Return the id of what has the focus."""
    found: str = visitor.page.evaluate("document.activeElement.id")
    return found


def test_a_review_by_keyboard_loads_no_page_anew(visit: Visit) -> None:
    """A supervisor claims, judges and undoes by keyboard: the page stays, and so do its scroll, focus and words."""
    # given: a supervisor before a session, with a mark on the window that a new page would not have
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    maria.page.evaluate("window.marked = true")
    keys = Keyboard(maria.page)
    # when: she claims the session
    keys.enter("Review it")
    # then: the page says so, and the focus is where it says it
    maria.sees("You are reviewing this session")
    assert focused(maria) == "review"
    # given: an open field elsewhere, with words that nobody has sent
    maria.unfold("Write a note on the session")
    maria.fill("Your note on the session", "Half a sentence")
    # when: she agrees with a statement
    keys.enter("Agree", GROUP)
    # then: the focus is on the button that she pressed, a screen reader says what was done, and nothing else has moved
    maria.sees("Maria Keller agrees.")
    assert focused(maria) == "moment1-rating3-agreed"
    assert maria.page.get_by_role("status").inner_text() == f"{GROUP}: Agree: done."
    assert maria.page.get_by_label("Your note on the session", exact=True).input_value() == "Half a sentence"
    # when: she takes it back, with a button that is gone afterwards
    keys.enter("Undo", GROUP)
    # then: the focus is on the statement
    maria.does_not_see("Maria Keller agrees.")
    assert focused(maria) == "moment1-rating3"
    # and: all of it was one page, of which nothing is kept in the browser
    assert maria.page.evaluate("window.marked")
    assert maria.page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]
    assert maria.page.url.endswith(address(WAITING.session_id))


def test_a_refused_step_is_shown_whole(visit: Visit) -> None:
    """Where a colleague reviews meanwhile, a judgement is refused on the page, and the focus is on what says so."""
    maria, nele = visit(), visit(checked=False)
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    maria.press("Review it")
    other_window = Visitor(maria.page.context.new_page())
    other_window.open(address(WAITING.session_id))
    other_window.press("Stop reviewing")
    nele.log_in(COLLEAGUE)
    nele.open(address(WAITING.session_id))
    nele.press("Review it")
    maria.press("Agree", maria.group(GROUP))
    maria.sees("Somebody else is reviewing this session", "nothing of yours was stored")
    maria.does_not_see("Moment 1")
    assert focused(maria) == "main"
    assert maria.page.get_by_role("status").inner_text() == "Somebody else is reviewing this session"
    maria.follow("Back to it")
    maria.sees("Nele Roth is reviewing this session")


def test_an_ended_login_leads_to_the_login_page(visit: Visit) -> None:
    """A step after the login has ended opens the login page."""
    maria = visit(checked=False)
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    maria.page.context.clear_cookies()
    with maria.page.expect_navigation():
        maria.page.get_by_role("button", name="Review it").click()
    maria.is_at("/login")


@pytest.mark.parametrize("proxy", [True, False], ids=["a proxy answers", "nobody answers"])
def test_a_step_that_was_not_answered_changes_nothing(visit: Visit, *, proxy: bool) -> None:
    """Where the pages do not answer, the page says so and stays as it is; the step can be taken again."""
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    maria.press("Review it")
    maria.page.route(
        "**/judge", lambda route: route.fulfill(status=502, body="Bad gateway") if proxy else route.abort()
    )
    maria.group(GROUP).get_by_role("button", name="Agree").click()
    maria.page.get_by_text(UNREACHED).wait_for()
    maria.look()
    maria.does_not_see("Maria Keller agrees.")
    maria.page.unroute("**/judge")
    maria.press("Agree", maria.group(GROUP))
    maria.sees("Maria Keller agrees.")
    assert "notice" not in (maria.page.get_by_role("status").get_attribute("class") or "")
