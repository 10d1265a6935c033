"""Makes the pictures of the documents: starts Chromium, logs in to a running demo, reviews a session and releases it.

Run `make demo` in one terminal and `make screenshot` in another. Needs Debian's chromium. What was released stays
released in the demo, so a second run takes the pictures of another session.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from plugin.local.demo_settings import USERS
from plugin.local.paths import ROOT, STATE
from scripts.chromium import ChromiumMissing, chromium

DEMO = STATE / "demo"
DOCS = ROOT / "docs"
SIZE: ViewportSize = {"width": 1280, "height": 1800}
"""In pixels: a laptop's width, and enough of the page to read one moment."""
LAST_WAITING = "main section:last-of-type li:last-child a[href^='/sessions/']"
"""The last session of the last group, where nothing stands out."""


def main() -> int:
    """Take the pictures, print their names, and return the exit status."""
    if not (DEMO / "counterpoint.toml").exists():
        print("No demo has run here: start `make demo` in another terminal first.", file=sys.stderr)
        return 2
    web = tomllib.loads((DEMO / "counterpoint.toml").read_text())["web"]
    passwords = json.loads((DEMO / "secrets.json").read_text())
    try:
        with chromium() as browser:
            page = browser.new_page(base_url=f"http://127.0.0.1:{web['port']}/", viewport=SIZE)
            for picture in take_pictures(page, passwords):
                print(picture.relative_to(ROOT))
    except ChromiumMissing as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def take_pictures(page: Page, passwords: Mapping[str, str]) -> Iterator[Path]:
    """Yield each picture: a session, its review, and what its therapist reads once it is released."""
    supervisor = USERS[0]
    log_in(page, supervisor.name, passwords[supervisor.name])
    go(page, LAST_WAITING)
    yield save(page, "session.png")
    counsellors = page.locator("h1").inner_text()
    page.locator("form[action*='/claim'] button").click()
    page.locator("form[action*='/judge']").first.wait_for()  # a part of the page, and no new one
    page.goto(page.url.partition("#")[0] + "#moment1")
    yield save(page, "review.png")
    go(page, ".closing form[action*='/release'] button")
    page.locator(".who summary").click()
    go(page, "form[action='/logout'] button")
    therapist = next(user for user in USERS if user.display_name in counsellors)
    log_in(page, therapist.name, passwords[therapist.name])
    go(page, ".rows a[href^='/sessions/']")
    yield save(page, "own-session.png")


def log_in(page: Page, username: str, password: str) -> None:
    """Fill in the login page."""
    page.goto("/login")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(password)
    go(page, "main form button")


def go(page: Page, selector: str) -> None:
    """Click on the first of these links or buttons, and wait for the page to which it leads."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def save(page: Page, name: str) -> Path:
    """Save what the browser shows as a picture of the documents."""
    page.screenshot(path=DOCS / name)
    return DOCS / name


if __name__ == "__main__":
    sys.exit(main())
