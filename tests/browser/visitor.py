"""A person before the pages: opens addresses, follows links, presses buttons, and reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page

from tests.browser.looks import Looks
from tests.plugin.web.conftest import PASSWORD

_SWAPPED = """() => {
    window.swapped = new Promise(done => document.addEventListener('htmx:afterSettle', () => done(), {once: true}));
}"""


@dataclass
class Visitor:
    """A person with a browser window of their own. Every page that they reach is checked in every look.

    A page is whole when it has come, so what is not there at once is missing, and no step waits for it.
    """

    page: Page
    looks: Looks | None = None
    """None where the looks of these pages are checked elsewhere."""

    def open(self, path: str) -> None:
        """Open an address."""
        self.page.goto(path)
        self.look()

    def log_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the login page."""
        self.open("/login")
        self.fill("Username", name)
        self.fill("Password", password)
        self.press("Log in")

    def fill(self, label: str, words: str, within: Locator | None = None) -> None:
        """Write words into the field with this label."""
        one((within or self.page.locator("body")).get_by_label(label, exact=True)).fill(words)

    def choose(self, label: str, option: str, within: Locator | None = None) -> None:
        """Choose an option of the list with this label."""
        one((within or self.page.locator("body")).get_by_label(label, exact=True)).select_option(label=option)

    def follow(self, words: str, within: Locator | None = None) -> None:
        """Follow the first link with exactly these words."""
        found = (within or self.page.locator("body")).get_by_role("link", name=words, exact=True)
        self._go(found.first if found.count() > 1 else found)

    def press(self, words: str, within: Locator | None = None) -> None:
        """Press the one button with exactly these words."""
        self._go((within or self.page.locator("body")).get_by_role("button", name=words, exact=True))

    def unfold(self, words: str, within: Locator | None = None) -> None:
        """Unfold what stands behind these words."""
        one((within or self.page.locator("body")).locator("summary", has_text=words)).click()
        self.look()

    def sees(self, *words: str) -> None:
        """Assert that all these words can be read on the page."""
        read = self.read()
        for each in words:
            assert each in read, f"{each!r} is not on {self.page.url}: {read}"

    def does_not_see(self, *words: str) -> None:
        """Assert that none of these words can be read on the page."""
        read = self.read()
        for each in words:
            assert each not in read, f"{each!r} is on {self.page.url}: {read}"

    def is_at(self, path: str) -> None:
        """Assert that the window shows this path, whatever follows it in the address."""
        assert urlsplit(self.page.url).path == path, self.page.url

    def read(self) -> str:
        """Return what can be read on the page, on one line; what is folded cannot."""
        return " ".join(self.page.locator("body").inner_text().split())

    def part(self, anchor: str) -> Locator:
        """Return the part of the page with this id."""
        return one(self.page.locator(f"[id='{anchor}']"))

    def group(self, legend: str) -> Locator:
        """Return the controls with this legend, as a screen reader announces them."""
        return one(self.page.get_by_role("group", name=legend, exact=True))

    def look(self) -> None:
        """Check how the page looks."""
        if self.looks is not None:
            self.looks.check(self.page)

    def _go(self, target: Locator) -> None:
        with answered(one(target)):
            target.click()
        self.look()


@contextmanager
def answered(control: Locator) -> Iterator[None]:
    """Do something with a link or a button, and wait until its answer is there: a part of the page, or a new page."""
    page = control.page
    if not control.evaluate("e => 'htmx' in window && e.closest('form[hx-post], form[hx-get]') !== null"):
        with page.expect_navigation():
            yield
        return
    page.evaluate(_SWAPPED)
    yield
    page.evaluate("window.swapped")


def one(found: Locator) -> Locator:
    """Return what was found, which must be one element."""
    assert found.count() == 1, f"{found.count()} of {found} on {found.page.url}"
    return found
