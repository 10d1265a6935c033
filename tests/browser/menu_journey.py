"""The links on top of a page: one line on a laptop, and menus that open by keyboard, and without scripts too."""

from collections.abc import Callable

import pytest

from tests.browser.keyboard_journey import Keyboard
from tests.browser.looks import LAPTOP
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import AUDITOR, LEAD, OPERATOR, SUPERVISOR, THERAPIST

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("person", [SUPERVISOR, LEAD, THERAPIST, OPERATOR, AUDITOR])
@pytest.mark.parametrize("width", [LAPTOP["width"], 1024])
def test_the_links_stand_in_one_line(visit: Visit, person: str, width: int) -> None:
    """On a laptop the name of the product, the links and the person stand beside each other."""
    visitor = visit(checked=False)
    visitor.log_in(person)
    visitor.page.set_viewport_size({"width": width, "height": 700})
    one_line = "e => e.getBoundingClientRect().height < 3 * parseFloat(getComputedStyle(e).fontSize)"
    assert visitor.page.locator(".bar nav").evaluate(one_line)
    middle = "e => { const at = e.getBoundingClientRect(); return at.top + at.height / 2; }"
    places = [visitor.page.locator(part).evaluate(middle) for part in (".brand", ".bar nav", ".who")]
    assert max(places) - min(places) < 12


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_menus_open_and_lead_on_by_keyboard(visit: Visit, *, javascript: bool) -> None:
    """Enter opens a menu, the tabulator goes through its links, and the menu marks the page that is open."""
    maria = visit(checked=javascript, javascript=javascript)
    maria.log_in(SUPERVISOR)
    keys = Keyboard(maria.page)
    keys.tab_to("More")
    maria.page.keyboard.press("Enter")
    maria.look()
    keys.enter("Glossary")
    maria.is_at("/glossary")
    assert maria.page.locator("nav .menu summary.here").count() == 1
    keys.tab_to("Maria Keller \u00b7 supervisor")
    maria.page.keyboard.press("Enter")
    maria.look()
    keys.enter("Log out")
    maria.is_at("/login")


def test_a_menu_closes_when_somebody_goes_elsewhere(visit: Visit) -> None:
    """Escape closes a menu and leads back to it; a click elsewhere closes it, and another menu too."""
    maria = visit(checked=False)
    maria.log_in(SUPERVISOR)
    more, own = maria.page.locator("nav .menu"), maria.page.locator(".who")
    more.locator("summary").click()
    maria.page.keyboard.press("Escape")
    assert more.get_attribute("open") is None
    assert maria.page.evaluate("document.activeElement.textContent") == "More"
    more.locator("summary").click()
    own.locator("summary").click()
    assert (more.get_attribute("open"), own.get_attribute("open")) == (None, "")
    maria.page.locator("h1").click()
    assert own.get_attribute("open") is None
