"""Makes docs/session.png: starts Chromium, logs in to a running demo as the supervisor, and opens a session.

Run `make demo` in one terminal and `make screenshot` in another. Needs Debian's chromium and chromium-driver.
"""

import json
import shutil
import sys
import tomllib
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / ".counterpoint" / "demo"
WIDTH, HEIGHT = 1280, 1800  # pixels: a laptop's width, and enough of the page to read one moment


def main() -> int:
    """Take the picture, and return the exit status."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        print("Chromium is missing: sudo apt-get install chromium chromium-driver", file=sys.stderr)
        return 2
    if not (DEMO / "counterpoint.toml").exists():
        print("No demo has run here: start `make demo` in another terminal first.", file=sys.stderr)
        return 2
    web = tomllib.loads((DEMO / "counterpoint.toml").read_text())["web"]
    password = json.loads((DEMO / "secrets.json").read_text())["supervisor"]
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-sync",
                 "--disable-background-networking", "--no-first-run", f"--window-size={WIDTH},{HEIGHT}"):  # fmt: skip
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        browser.get(f"http://127.0.0.1:{web['port']}/")
        browser.find_element(By.NAME, "username").send_keys("supervisor")
        browser.find_element(By.NAME, "password").send_keys(password)
        browser.find_element(By.CSS_SELECTOR, "form button").click()
        browser.find_element(By.CSS_SELECTOR, "main section:last-of-type li:last-child a[href^='/sessions/']").click()
        browser.save_screenshot(str(ROOT / "docs" / "session.png"))
    finally:
        browser.quit()
    print("docs/session.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
