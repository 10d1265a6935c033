"""Steps of a review change their part of the page in place, where the browser runs the pages' scripts."""

from collections.abc import Callable

from tests.browser.keyboard_journey import Keyboard
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import SUPERVISOR, WAITING, address

Visit = Callable[..., Visitor]
GROUP = "Moment 1: Emotional Resonance"
OWN_LEVEL = "Moment 1: your own level of Emotional Resonance"


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
