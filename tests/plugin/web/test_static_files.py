"""Tests of the files that pages load: htmx comes from its package, and the pages do without it."""

import json
import re
from html.parser import HTMLParser

import httpx
import pytest
from structlog.testing import capture_logs

from plugin.queue.store import Store
from plugin.web import app as web
from plugin.web.static_files import PageFiles, find_htmx
from stream.runtime.settings import Settings
from tests.plugin.web.conftest import SUPERVISOR, Browser

SCRIPTS = ["/static/menu.js", "/static/htmx.js", "/static/swap.js"]


def scripts_of(page: str) -> list[str]:
    """Return the addresses of a page's scripts."""
    return re.findall(r'<script src="([^"]+)"', page)


def test_htmx_is_the_file_of_its_package() -> None:
    """The file is found by the package's record, in the second major version, whose settings the pages know."""
    found = find_htmx()
    assert found is not None
    assert re.search(r'version:"2\.\d+\.\d+"', found.read_text())


def test_without_the_package_there_is_no_htmx() -> None:
    """Where the package is not installed, there is no htmx."""
    assert find_htmx("no-such-package") is None


async def test_scripts_are_kept_and_asked_for_again() -> None:
    """A browser that has a script gets it again only if it has changed."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(PageFiles(find_htmx())), base_url="http://page"
    ) as client:
        first = await client.get("/htmx.js")
        assert first.status_code == 200
        assert "javascript" in first.headers["content-type"]
        again = await client.get("/htmx.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_only_those_who_are_logged_in_get_scripts(browser: Browser) -> None:
    """The login page, which asks for a password, has no script; the pages behind it have ours and htmx."""
    assert scripts_of((await browser.get("/login")).text) == []
    await browser.log_in(SUPERVISOR)
    assert scripts_of((await browser.get("/")).text) == SCRIPTS
    assert [(await browser.get(path)).status_code for path in SCRIPTS] == [200] * len(SCRIPTS)


async def test_htmx_keeps_nothing_and_runs_nothing_of_a_page(supervisor: Browser) -> None:
    """The settings of htmx forbid copies of pages in the browser, code in attributes, and requests to anybody else."""
    settings: dict[str, object] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
            if ("name", "htmx-config") in attributes:
                settings.update(json.loads(dict(attributes)["content"] or ""))

    Reader().feed((await supervisor.get("/")).text)
    assert settings["historyCacheSize"] == 0
    assert settings["selfRequestsOnly"] is True
    off = ("historyEnabled", "allowEval", "allowScriptTags", "includeIndicatorStyles")
    assert [settings[name] for name in off] == [False] * 4


async def test_the_pages_do_without_htmx(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without htmx the stage says so once, and its pages have no script but that of their menus."""
    monkeypatch.setattr(web, "find_htmx", lambda: None)
    with capture_logs() as lines:
        app = web.create_app(settings, store)
    assert [line["event"] for line in lines] == ["pages_without_htmx"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://page.example") as client:
        browser = Browser(client)
        await browser.log_in(SUPERVISOR)
        page = (await browser.get("/")).text
        assert scripts_of(page) == ["/static/menu.js"]
        assert 'id="status"' not in page
        assert (await browser.get("/static/htmx.js")).status_code == 404
