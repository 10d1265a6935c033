"""Makes the pictures of the documents: starts Chromium, logs in to a running demo, reviews a session and releases it.

Run `make demo` in one terminal and `make screenshot` in another. Needs Debian's chromium and chromium-driver. What was
released stays released in the demo, so a second run takes the pictures of another session.
"""

import json
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from plugin.local.demo_settings import USERS
from plugin.local.paths import ROOT, STATE

DEMO = STATE / "demo"
DOCS = ROOT / "docs"
WIDTH, HEIGHT = 1280, 1800  # pixels: a laptop's width, and enough of the page to read one moment
LAST_WAITING = "main section:last-of-type li:last-child a[href^='/sessions/']"
"""The last session of the last group, where nothing stands out."""


def main() -> int:
    """Take the pictures, print their names, and return the exit status."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        print("Chromium is missing: sudo apt-get install chromium chromium-driver", file=sys.stderr)
        return 2
    if not (DEMO / "counterpoint.toml").exists():
        print("No demo has run here: start `make demo` in another terminal first.", file=sys.stderr)
        return 2
    web = tomllib.loads((DEMO / "counterpoint.toml").read_text())["web"]
    passwords = json.loads((DEMO / "secrets.json").read_text())
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-sync",
                 "--disable-background-networking", "--no-first-run", f"--window-size={WIDTH},{HEIGHT}"):  # fmt: skip
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        for picture in take_pictures(browser, f"http://127.0.0.1:{web['port']}/", passwords):
            print(picture.relative_to(ROOT))
    finally:
        browser.quit()
    return 0


def take_pictures(browser: webdriver.Chrome, page: str, passwords: Mapping[str, str]) -> Iterator[Path]:
    """Yield each picture: a session, its review, and what its therapist reads once it is released."""
    supervisor = USERS[0]
    log_in(browser, page, supervisor.name, passwords[supervisor.name])
    browser.find_element(By.CSS_SELECTOR, LAST_WAITING).click()
    yield save(browser, "session.png")
    counsellors = browser.find_element(By.TAG_NAME, "h1").text
    browser.find_element(By.CSS_SELECTOR, "form[action$='/claim'] button").click()
    browser.get(browser.current_url.partition("#")[0] + "#moment1")
    yield save(browser, "review.png")
    browser.find_element(By.CSS_SELECTOR, ".closing form[action$='/release'] button").click()
    browser.find_element(By.CSS_SELECTOR, "form[action='/logout'] button").click()
    therapist = next(user for user in USERS if user.display_name in counsellors)
    log_in(browser, page, therapist.name, passwords[therapist.name])
    browser.find_element(By.CSS_SELECTOR, ".rows a[href^='/sessions/']").click()
    yield save(browser, "own-session.png")


def log_in(browser: webdriver.Chrome, page: str, username: str, password: str) -> None:
    """Fill in the login page."""
    browser.get(page)
    browser.find_element(By.NAME, "username").send_keys(username)
    browser.find_element(By.NAME, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "form button").click()


def save(browser: webdriver.Chrome, name: str) -> Path:
    """Save what the browser shows as a picture of the documents."""
    browser.save_screenshot(str(DOCS / name))
    return DOCS / name


if __name__ == "__main__":
    sys.exit(main())
