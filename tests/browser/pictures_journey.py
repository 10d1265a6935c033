"""The pictures of the documents are made from pages as they are, so that `make screenshot` does not grow old unseen."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from plugin.local.demo_settings import DemoUser
from scripts import screenshot
from tests.plugin.web.conftest import PASSWORD, SUPERVISOR, THERAPIST

PEOPLE = (
    DemoUser(SUPERVISOR, "supervisor", "Maria Keller", "her queue"),
    DemoUser(THERAPIST, "therapist", "Jonas Weber", "his sessions"),
)


def test_each_picture_is_made(browser: Browser, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures of a session, its review and its therapist's page are made in this order, of the promised size."""
    monkeypatch.setattr(screenshot, "USERS", PEOPLE)
    monkeypatch.setattr(screenshot, "DOCS", tmp_path)
    page = browser.new_page(base_url=site, viewport=screenshot.SIZE)
    pictures = list(screenshot.take_pictures(page, {SUPERVISOR: PASSWORD, THERAPIST: PASSWORD}))
    page.close()
    assert [picture.name for picture in pictures] == ["session.png", "review.png", "own-session.png"]
    for picture in pictures:
        header = picture.read_bytes()[:24]
        width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
        assert (width, height) == (screenshot.SIZE["width"], screenshot.SIZE["height"])
