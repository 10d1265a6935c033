"""Starts the distribution's Chromium without a window, for the tests of the pages and the pictures of the documents."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

MISSING = "Chromium is missing: sudo apt-get install chromium"
FLAGS = (
    "--no-sandbox",  # a container's root has no sandbox, and the only pages are ours
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


class ChromiumMissing(Exception):  # noqa: N818 - named by what is wrong with the machine
    """The machine has no Chromium; the message says what installs it."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a running Chromium, which ends with the context.

    Raises:
        ChromiumMissing: The machine has none.
    """
    program = shutil.which("chromium")
    if program is None:
        raise ChromiumMissing(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
