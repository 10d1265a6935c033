"""The main path with the keys Tab and Enter alone: whatever a mouse can do is reached, and seen when it is reached."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.visitor import Visitor, answered
from tests.plugin.web.conftest import PASSWORD, SUPERVISOR, THERAPIST, WAITING, address

_FOCUSED = """() => {
    const e = document.activeElement, at = e.getBoundingClientRect(), style = getComputedStyle(e);
    const named = (e.labels?.[0] ?? e).cloneNode(true);
    named.querySelectorAll('[aria-hidden]').forEach(silent => silent.remove());
    const group = e.closest('fieldset')?.querySelector('legend')?.textContent;
    return {
        name: e === document.body ? '' : named.textContent.replace(/\\s+/g, ' ').trim(),
        within: group ?? '',
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inView: at.width > 0 && at.height > 0 && at.right > 0 && at.bottom > 0 && at.top < innerHeight,
    };
}"""
_MOST_STOPS = 200
"""More stops than any page here has; a search that comes so far would go round for ever."""


@dataclass
class Keyboard:
    """Somebody who has a keyboard and no mouse, and looks at where the focus is at each stop."""

    page: Page

    def tab_to(self, words: str, within: str = "") -> None:
        """Press Tab until the focus is on what has these words, inside the controls with this legend."""
        passed = []
        for _ in range(_MOST_STOPS):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(_FOCUSED)
            passed.append(focused["name"])
            if focused["name"] == "":
                continue  # the page's end, between its last stop and its first
            assert focused["outlined"], f"the focus cannot be seen on {focused}"
            assert focused["inView"], f"the focus is out of view on {focused}"
            if focused["name"] == words and focused["within"] == within:
                return
        raise AssertionError(f"{words!r} cannot be reached: {passed}")

    def enter(self, words: str, within: str = "") -> None:
        """Go to a link or a button and press Enter, which leads to a page."""
        self.tab_to(words, within)
        with answered(self.page.locator(":focus")):
            self.page.keyboard.press("Enter")

    def write(self, label: str, words: str) -> None:
        """Go to a field and type."""
        self.tab_to(label)
        self.page.keyboard.type(words)


def test_the_main_path_needs_no_mouse(visit: Callable[..., Visitor]) -> None:
    """A supervisor logs in, reviews and releases by Tab and Enter; the therapist reads and acknowledges likewise."""
    # given: a supervisor at the login page
    maria = visit(checked=False)
    maria.open("/login")
    keys = Keyboard(maria.page)
    keys.write("Username", SUPERVISOR)
    keys.write("Password", PASSWORD)
    keys.enter("Log in")
    # when: she opens the first session, reviews and releases it
    keys.enter("Jonas Weber")
    maria.is_at(address(WAITING.session_id))
    keys.enter("Review it")
    keys.enter("weak", "Moment 1: your own level of Respect for Autonomy")
    keys.enter("unclear", "Moment 1: Stance Alignment")
    maria.sees("Maria Keller withholds this: unclear.")
    keys.tab_to("Write a note on moment 1")
    maria.page.keyboard.press("Enter")
    keys.write("Your note on moment 1", "Well met.")
    keys.enter("Share it at the release")
    keys.enter("Pass on", "Moment 1: as a whole")
    keys.enter("Release to the counsellor")
    maria.sees("This is the end of the list")
    # then: its therapist reads it, and says so, in the same way
    jonas = visit(checked=False)
    jonas.log_in(THERAPIST)
    keys = Keyboard(jonas.page)
    jonas.open(address(WAITING.session_id))
    keys.enter("I have read this")
    jonas.sees("You acknowledged this on", "Well met.")


def test_the_content_is_one_key_away(visit: Callable[..., Visitor]) -> None:
    """The first stop of a page leads past its head to its content."""
    maria = visit(checked=False)
    maria.log_in(SUPERVISOR)
    Keyboard(maria.page).enter("Skip to the content")
    assert maria.page.evaluate("document.activeElement.id") == "main"
