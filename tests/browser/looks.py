"""How a page looks: in light and dark on a laptop and in light on a phone, checked by axe-core and for its width."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, ViewportSize

LAPTOP: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 360, "height": 740}
"""In pixels of the style sheet; the width is that of the narrowest phones still sold."""


class Look(NamedTuple):
    """One way to look at a page, and what of axe-core's rules it can break that the first look cannot."""

    name: str
    size: ViewportSize
    scheme: Literal["light", "dark"]
    rules: dict[str, Any]


LOOKS: Final = (
    Look("laptop", LAPTOP, "light", {}),
    Look("dark", LAPTOP, "dark", {"runOnly": ["color-contrast", "link-in-text-block"]}),  # those about colours
    Look("phone", PHONE, "light", {}),
)
_AXE: Final = "async options => await axe.run(document, {resultTypes: ['violations'], ...options})"
_TOO_WIDE: Final = """() => [...document.querySelectorAll('body, body *:not(.hidden, input, select, textarea)')]
    .filter(e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
    .filter((e, at, all) => !all.some(other => other !== e && e.contains(other)))
    .map(e => `<${e.tagName.toLowerCase()} class="${e.className}"> ${e.textContent.trim().slice(0, 80)}`)"""
"""The innermost elements with more in them than fits their width: it is cut off, or makes the page scroll sideways."""
_DIFFERS_EACH_TIME: Final = re.compile(r'value="[^"]*"|[0-9a-f-]{36}|\d\d:\d\d')
"""Tokens, ids and times."""


@dataclass
class Looks:
    """The checks of every page in every look; `pictures` is a folder for whoever wants to see them."""

    pictures: Path | None = None
    seen: set[str] = field(default_factory=set)
    """The pages that were checked: the same words with the same controls are checked once."""

    def check(self, page: Page) -> None:
        """Check the page that is open in each look, and leave it in the first."""
        content = _DIFFERS_EACH_TIME.sub("", page.content())
        if content in self.seen:
            return
        self.seen.add(content)
        page.evaluate(AXE_SCRIPT)
        found: list[str] = []
        for look in LOOKS:
            page.set_viewport_size(look.size)
            page.emulate_media(color_scheme=look.scheme)
            results = AxeResults(page.evaluate(_AXE, look.rules))
            found += [f"{look.name}: {results.generate_report(each['id'])}" for each in results.response["violations"]]
            found += [f"{look.name}: too wide: {element}" for element in page.evaluate(_TOO_WIDE)]
            if self.pictures:
                page.screenshot(path=self.pictures / f"{len(self.seen):03}-{look.name}.png", full_page=True)
        page.set_viewport_size(LOOKS[0].size)
        page.emulate_media(color_scheme=LOOKS[0].scheme)
        assert not found, f"{page.url} ({page.title()}):\n" + "\n".join(found)
